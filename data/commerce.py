"""The shop's files in the sample data: customers, products, orders, their lines, voucher orders.

A second file of some comes days later: orders that were pending are completed or cancelled, a price
and a name change, and a customer comes whose orders were waiting. The lines of each order add up to
its total, but for the planted ones in ODD_TOTALS.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from data.reference_data import DUPLICATE, VALIDATED, ReferenceFile

ORDERS, PRODUCTS, CUSTOMERS = 60, 12, 20
LATE_CUSTOMER, NO_CUSTOMER = CUSTOMERS, 99
"""Orders name the first from the first day and its own record comes later, the other never."""

ODD_TOTALS = (7, 23)
"""Orders whose total is one more than their lines."""

Line = tuple[str, str]
"""The text of a record, and its fate."""

_RANDOM = Random(23)
_FIRST = datetime(2024, 12, 28, 8)  # noqa: DTZ001 - of a file whose times are UTC
_PRICES = {product: Decimal(_RANDOM.randrange(199, 9_999)).scaleb(-2) for product in range(1, 13)}
_STATUSES = ["completed"] * 7 + ["pending"] * 2 + ["cancelled"]


def _basket(order: int) -> list[tuple[int, int]]:
    """Which products an order has, and how many of each."""
    chosen = _RANDOM.sample(range(1, PRODUCTS + 1), 1 + order % 3)
    return [(product, _RANDOM.randint(1, 4)) for product in chosen]


_BASKETS = {order: _basket(order) for order in range(1, ORDERS + 1)}
_BUYERS = {order: _RANDOM.randint(1, CUSTOMERS) for order in _BASKETS}
EARLY_ORDERS = tuple(order for order, buyer in _BUYERS.items() if buyer == LATE_CUSTOMER)
"""Orders that precede the day on which their customer joined."""

_STATUS = {order: _RANDOM.choice(_STATUSES) for order in _BASKETS}


def _order(order: int, status: str, digits: int = 6) -> str:
    at = _FIRST + timedelta(minutes=97 * order, microseconds=order)
    total = sum((number * _PRICES[product] for product, number in _BASKETS[order]), Decimal())
    total += order in ODD_TOTALS
    fraction = f"{at:%f}".ljust(digits, "0")
    return f"{order},{_BUYERS[order]},{at:%Y-%m-%d %H:%M:%S}.{fraction},{total},{status}"


def _customers() -> Iterator[Line]:
    for number in range(1, CUSTOMERS):
        country = ("DE", "uk", "US", "AU", "CA")[number % 5]
        joined = f"2024-{1 + number % 12}-{1 + number}"
        yield f"{number},Customer {number},c{number}@example.com,{country},{joined}", VALIDATED
    odd = {
        ",Nobody,a@example.com,DE,2024-01-01": "customer_id_missing",
        "C-1,By letter,a@example.com,DE,2024-01-01": "customer_id_invalid",
        "1.5,And a half,a@example.com,DE,2024-01-01": "customer_id_too_precise",
        f"{2**63},Too many,a@example.com,DE,2024-01-01": "customer_id_out_of_range",
        "50,,a@example.com,DE,2024-01-01": "name_missing",
        f"51,{'Very ' * 50}long,a@example.com,DE,2024-01-01": "name_too_long",
        "52,No address,,DE,2024-01-01": "email_missing",
        "53,No host,name@,DE,2024-01-01": "email_invalid",
        "54,Nowhere,a@example.com,,2024-01-01": "country_missing",
        "55,Elsewhere,a@example.com,XX,2024-01-01": "country_unknown",
        "56,Never,a@example.com,DE,": "join_date_missing",
        "57,In words,a@example.com,DE,yesterday": "join_date_invalid",
        "58,Of Unix,a@example.com,DE,1970-01-01": "join_date_placeholder",
        "59,To come,a@example.com,DE,2042-01-01": "join_date_in_future",
    }
    yield from odd.items()
    yield "01,Customer 1,c1@example.com,UK,2024-02-02", DUPLICATE


def _products() -> Iterator[Line]:
    for product, price in _PRICES.items():
        yield f"{product},Product {product},Home,{price},{10 * product}", VALIDATED
    odd = {
        ",Nothing,Home,1.00,1": "product_id_missing",
        "P-1,By letter,Home,1.00,1": "product_id_invalid",
        "1.5,And a half,Home,1.00,1": "product_id_too_precise",
        f"{2**63},Too many,Home,1.00,1": "product_id_out_of_range",
        "50,,Home,1.00,1": "name_missing",
        f"51,{'Very ' * 50}long,Home,1.00,1": "name_too_long",
        "52,Nowhere,,1.00,1": "category_missing",
        f"53,Everywhere,{'Home ' * 30},1.00,1": "category_too_long",
        "54,In money,Home,1 EUR,1": "price_invalid",
        "55,By the gram,Home,0.005,1": "price_too_precise",
        f"56,Dear,Home,{'9' * 17},1": "price_out_of_range",
        "57,Paid to take,Home,-1.00,1": "price_negative",
        "58,Uncounted,Home,1.00,": "inventory_count_missing",
        "59,Some,Home,1.00,some": "inventory_count_invalid",
        "60,Half left,Home,1.00,0.5": "inventory_count_too_precise",
        f"61,Heaps,Home,1.00,{2**63}": "inventory_count_out_of_range",
    }
    yield from odd.items()
    yield "13,Not for sale,Home,,5", VALIDATED
    yield "14,Sold twice,Home,5.00,-1", VALIDATED


def _orders() -> Iterator[Line]:
    for order in _BASKETS:
        yield _order(order, _STATUS[order]), VALIDATED
    yield _order(1, _STATUS[1], digits=9), DUPLICATE
    at = "2025-01-01 10:00:00"
    odd = {
        f",1,{at},1.00,pending": "order_id_missing",
        f"A-1,1,{at},1.00,pending": "order_id_invalid",
        f"1.5,1,{at},1.00,pending": "order_id_too_precise",
        f"{2**63},1,{at},1.00,pending": "order_id_out_of_range",
        f"901,,{at},1.00,pending": "customer_id_missing",
        f"902,me,{at},1.00,pending": "customer_id_invalid",
        f"903,1.5,{at},1.00,pending": "customer_id_too_precise",
        f"904,{2**63},{at},1.00,pending": "customer_id_out_of_range",
        f"905,{NO_CUSTOMER},{at},1.00,pending": "unknown_customer",
        "906,1,,1.00,pending": "order_date_missing",
        "907,1,soon,1.00,pending": "order_date_invalid",
        "908,1,1970-01-01 00:00:00,1.00,pending": "order_date_placeholder",
        "909,1,2042-10-17 14:29:05,1.00,pending": "order_date_in_future",
        f"910,1,{at},,pending": "total_amount_missing",
        f"911,1,{at},1 EUR,pending": "total_amount_invalid",
        f"912,1,{at},1.005,pending": "total_amount_too_precise",
        f"913,1,{at},{'9' * 17},pending": "total_amount_out_of_range",
        f"914,1,{at},-1.00,pending": "total_negative",
        f"915,1,{at},1.00,": "status_missing",
        f"916,1,{at},1.00,lost": "status_unknown",
    }
    yield from odd.items()


def _later_orders() -> Iterator[Line]:
    for number, order in enumerate(one for one, status in _STATUS.items() if status == "pending"):
        yield _order(order, "cancelled" if number % 3 == 0 else "completed"), VALIDATED
    yield next((_order(o, s), DUPLICATE) for o, s in _STATUS.items() if s == "completed")


def _lines() -> Iterator[Line]:
    baskets = [(order, *one) for order, basket in _BASKETS.items() for one in basket]
    for number, (order, product, quantity) in enumerate(baskets, 1):
        price = _PRICES[product]
        yield f"{number},{order},{product},{quantity},{price},{quantity * price}", VALIDATED
    names = ("order_line_id", "order_id", "product_id", "quantity")
    for place, name in enumerate(names):
        texts = {
            "missing": "",
            "invalid": "one",
            "too_precise": "1.5",
            "out_of_range": str(2**63),
        }
        for n, (what, text) in enumerate(texts.items()):
            fields = [str(900 + 10 * place + n), "1", "1", "1"]
            fields[place] = text
            yield f"{','.join(fields)},1.00,1.00", f"{name}_{what}"
    odd = {
        "950,999,1,1,1.00,1.00": "unknown_order",
        "951,1,999,1,1.00,1.00": "unknown_product",
        "952,1,1,0,1.00,0.00": "quantity_not_positive",
        "953,1,1,1,-1.00,-1.00": "unit_price_negative",
        "954,1,1,3,1.10,3.00": "amount_disagrees",
    }
    yield from odd.items()
    for place, name in enumerate(("unit_price", "line_amount")):
        wrong = {"missing": "", "invalid": "1 EUR", "too_precise": "1.005"}
        for n, (what, text) in enumerate({**wrong, "out_of_range": "9" * 17}.items()):
            prices = ["1.00", "1.00"]
            prices[place] = text
            yield f"{960 + 10 * place + n},1,1,1,{','.join(prices)}", f"{name}_{what}"


_VOUCHER_FIELDS = (
    "order_id,source,customer_id,payment_id,voucher_id,product_id,website,order_status,"
    "voucher_status,payment_status,order_date,payment_date"
)
_VOUCHER = (
    "1,services,10,100,1000,7,VVNL,PAID,USED,PAID,2024-07-12 17:33:04.000,2024-07-13 08:12:33.000"
)


def _voucher(order: int, **instead: str) -> str:
    """An order for a voucher that is sound but for these fields."""
    fields = dict(zip(_VOUCHER_FIELDS.split(","), _VOUCHER.split(","), strict=True))
    return ",".join((fields | {"order_id": str(order)} | instead).values())


def _vouchers() -> Iterator[Line]:
    for order in range(1, 21):
        yield _voucher(order), VALIDATED
    yield _voucher(21, payment_date="2024-7-13 08:12:33"), VALIDATED
    yield _voucher(22, order_status="UNKNOWN", payment_id="", payment_status=""), VALIDATED
    yield _voucher(23, order_status="CANCELED", payment_status="REFUNDED"), VALIDATED
    yield _voucher(24, voucher_status="EXPRIED"), "voucher_status_unknown"
    yield _voucher(25, order_date="2042-10-17 14:29:05.000"), "order_date_in_future"
    yield _voucher(26, payment_id="", payment_status=""), "paid_without_payment"
    yield _voucher(27, payment_date=""), "payment_without_date"
    yield _voucher(28, voucher_id=""), "status_without_voucher"


def _odd_vouchers() -> Iterator[Line]:
    odd = {"invalid": "one", "too_precise": "1.5", "out_of_range": str(2**63)}
    ids = ("order_id", "customer_id", "payment_id", "voucher_id", "product_id")
    for place, name in enumerate(ids):
        for n, (what, text) in enumerate(odd.items()):
            yield _voucher(100 + 10 * place + n, **{name: text}), f"{name}_{what}"
    for n, name in enumerate(("source", "website")):
        yield _voucher(200 + n, **{name: ""}), f"{name}_missing"
        yield _voucher(210 + n, **{name: "x" * 51}), f"{name}_too_long"
    for n, name in enumerate(("order_id", "customer_id", "order_status", "order_date")):
        yield _voucher(220 + n, **{name: ""}), f"{name}_missing"
    for n, name in enumerate(("order_status", "payment_status")):
        yield _voucher(230 + n, **{name: "LOST"}), f"{name}_unknown"


def _vouchers_at_odd_times() -> Iterator[Line]:
    times = {"invalid": "soon", "placeholder": "1970-01-01 00:00:00"}
    for n, name in enumerate(("order_date", "payment_date")):
        for m, (what, text) in enumerate(times.items()):
            yield _voucher(240 + 10 * n + m, **{name: text}), f"{name}_{what}"
    yield _voucher(260, payment_date="2042-01-01 00:00:00"), "payment_date_in_future"


_CUSTOMER = "customer_id,name,email,country,join_date"
_PRODUCT = "product_id,name,category,price,inventory_count"
_ORDER = "order_id,customer_id,order_date,total_amount,status"
_LINE = "order_line_id,order_id,product_id,quantity,unit_price,line_amount"
_NEWCOMER = f"{LATE_CUSTOMER},Late,late@example.com,DE,2025-01-02"
_RENAMED = "1,Customer One,c1@example.com,UK,2024-02-02"

COMMERCE_FILES = (
    ReferenceFile("customers", 0, _CUSTOMER, tuple(_customers())),
    ReferenceFile("customers", 3, _CUSTOMER, ((_NEWCOMER, VALIDATED), (_RENAMED, VALIDATED))),
    ReferenceFile("products", 0, _PRODUCT, tuple(_products())),
    ReferenceFile("products", 2, _PRODUCT, (("1,Product 1,Home,9.99,3", VALIDATED),)),
    ReferenceFile("orders", 0, _ORDER, tuple(_orders())),
    ReferenceFile("orders", 2, _ORDER, tuple(_later_orders())),
    ReferenceFile("order_lines", 0, _LINE, tuple(_lines())),
    ReferenceFile(
        "voucher_orders",
        0,
        _VOUCHER_FIELDS,
        (*_vouchers(), *_odd_vouchers(), *_vouchers_at_odd_times()),
    ),
)
