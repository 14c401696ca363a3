"""Who is paid or pays in the sample data, for what, how often and how much.

Names and amounts are invented after what accounts in France look like. How they become
transactions is in `data.transactions`.
"""

from dataclasses import dataclass
from enum import Enum


class Habit(Enum):
    """How money moves: the operation type, the side, and the bank's words for it."""

    CARD = ("card_payment", "debit", ("Paiement CB {}", "Achat carte {}", "Card payment at {}"))
    BILL = ("direct_debit", "debit", ("Prélèvement SEPA {}", "Facture {}", "Invoice from {}"))
    PLAN = ("direct_debit", "debit", ("Abonnement {}", "Subscription to {}"))
    SENT = ("transfer", "debit", ("Virement à {}", "Règlement {}", "Outgoing transfer to {}"))
    PAID = (
        "transfer",
        "credit",
        ("Virement reçu de {}", "Salaire {}", "Incoming transfer from {}"),
    )
    BACK = ("refund", "credit", ("Remboursement {}", "Refund from {}"))


@dataclass(frozen=True)
class Merchant:
    """One who is paid or pays: amounts lie between `low` and `high`, `weight` is how often."""

    category: str
    name: str
    habit: Habit
    low: int
    high: int
    weight: int


MERCHANTS = (
    Merchant("Rent", "Agence des Tilleuls", Habit.SENT, 620, 1_350, 3),
    Merchant("Rent", "Foncia", Habit.BILL, 540, 1_180, 2),
    Merchant("Salary Income", "Ateliers Morvan", Habit.PAID, 1_650, 3_400, 3),
    Merchant("Salary Income", "Nordlys Software", Habit.PAID, 2_600, 4_900, 2),
    Merchant("Food", "Carrefour", Habit.CARD, 6, 140, 34),
    Merchant("Food", "Monoprix", Habit.CARD, 4, 80, 24),
    Merchant("Food", "Boulangerie Lefèvre", Habit.CARD, 1, 14, 30),
    Merchant("Food", "Picard", Habit.CARD, 8, 60, 8),
    Merchant("Restaurant", "Chez Mireille", Habit.CARD, 14, 90, 18),
    Merchant("Restaurant", "Sushi Kanda", Habit.CARD, 12, 55, 14),
    Merchant("Restaurant", "Deliveroo", Habit.CARD, 11, 48, 20),
    Merchant("Client Expenses", "Regus Lyon", Habit.CARD, 35, 260, 6),
    Merchant("Client Expenses", "Copytop", Habit.CARD, 5, 90, 6),
    Merchant("Transportation", "SNCF Connect", Habit.CARD, 9, 130, 16),
    Merchant("Transportation", "RATP", Habit.CARD, 2, 90, 22),
    Merchant("Transportation", "TotalEnergies", Habit.CARD, 22, 95, 14),
    Merchant("Utilities", "EDF", Habit.BILL, 38, 190, 7),
    Merchant("Utilities", "Veolia Eau", Habit.BILL, 18, 75, 4),
    Merchant("Utilities", "Orange", Habit.BILL, 20, 60, 6),
    Merchant("Entertainment", "UGC Ciné Cité", Habit.CARD, 7, 32, 9),
    Merchant("Entertainment", "Fnac Spectacles", Habit.CARD, 22, 120, 6),
    Merchant("Healthcare", "Pharmacie du Marché", Habit.CARD, 4, 70, 12),
    Merchant("Healthcare", "Doctolib", Habit.CARD, 26, 75, 6),
    Merchant("Healthcare", "CPAM", Habit.BACK, 7, 60, 6),
    Merchant("Shopping", "Decathlon", Habit.CARD, 9, 160, 10),
    Merchant("Shopping", "Amazon.fr", Habit.CARD, 6, 240, 16),
    Merchant("Shopping", "Zara", Habit.BACK, 15, 90, 4),
    Merchant("Travel", "Air France", Habit.CARD, 75, 620, 4),
    Merchant("Travel", "Booking.com", Habit.CARD, 60, 480, 4),
    Merchant("Education", "Université de Nantes", Habit.SENT, 170, 620, 2),
    Merchant("Education", "Gibert Joseph", Habit.CARD, 8, 75, 5),
    Merchant("Insurance", "Maif", Habit.BILL, 21, 110, 5),
    Merchant("Insurance", "Alan", Habit.BILL, 45, 130, 3),
    Merchant("Investment", "Boursorama Bourse", Habit.SENT, 50, 900, 3),
    Merchant("Investment", "Amundi Dividendes", Habit.PAID, 4, 160, 2),
    Merchant("Subscriptions", "Netflix", Habit.PLAN, 6, 20, 8),
    Merchant("Subscriptions", "Spotify", Habit.PLAN, 6, 18, 8),
    Merchant("Subscriptions", "Le Monde", Habit.PLAN, 7, 22, 4),
)
