"""Which records stand in the file of one day, in what order, and what must become of each.

Here originals get their copies: a repeat says the same, a conflict says something else under the
same id. The order matters, since the earliest record of an id is the one that counts.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from random import Random

from data.dialects import Dialect, Fields
from data.oddities import Defect, Guise, Original, Recipe

VALIDATED, DUPLICATE, CONFLICT = "validated", "duplicate", "conflict"


@dataclass(frozen=True)
class Record:
    """An encoded line, its place among the others, and its fate.

    The fate is VALIDATED, DUPLICATE or the reason code for which it is quarantined.
    """

    place: float
    line: bytes
    fate: str
    is_warned: bool = False
    is_suspicious: bool = False


@dataclass(frozen=True)
class Day:
    """A file of `rows` records to be made."""

    recipe: Recipe
    random: Random
    day: date
    dialect: Dialect
    rows: int

    def records(self, known: list[Original]) -> list[Record]:
        """The records in the order of the file.

        `known` are sound records of the files before, which may be copied here; those that
        were are taken out of it, and this day's own are put in.
        """
        defects, guises = self._fitting_defects(), self._fitting_guises()
        repeats, conflicts = max(4, self.rows // 200), max(2, self.rows // 1_000)
        sound = [self._new() for _ in range(self.rows - len(defects) - repeats - conflicts)]
        sound.sort(key=lambda one: one.at)
        self.random.shuffle(guises)
        places = self.random.sample(range(len(sound)), len(guises) + repeats + conflicts)
        dressed, copied = dict(zip(places, guises, strict=False)), places[len(guises) :]
        records = [
            *(self._sound(place, one, dressed.get(place)) for place, one in enumerate(sound)),
            *(self._spoiled(defect) for defect in defects),
            *self._copies([(place, sound[place]) for place in copied], known, conflicts),
        ]
        taken = set(places)
        known += [one for place, one in enumerate(sound) if place not in taken]
        return sorted(records, key=lambda record: record.place)

    def _fitting_defects(self) -> list[Defect]:
        fitting = [one for one in self.recipe.defects if one.fits(self.dialect)]
        return fitting * max(1, self.rows // 2_000)

    def _fitting_guises(self) -> list[Guise]:
        fitting = [one for one in self.recipe.guises if one.fits(self.dialect)]
        return fitting * max(1, self.rows // 1_000)

    def _new(self) -> Original:
        one: Original = self.recipe.make(self.random, self.day)
        return one

    def _anywhere(self, after: float = 0) -> float:
        return self.random.uniform(after, self.rows)

    def _line(self, fields: Fields) -> bytes:
        return self.dialect.line(fields).encode(self.dialect.encoding)

    def _sound(self, place: int, one: Original, guise: Guise | None) -> Record:
        fields = guise.written(one) if guise else one.fields()
        is_warned = bool(guise and guise.is_warned)
        return Record(place, self._line(fields), VALIDATED, is_warned, one.is_suspicious)

    def _spoiled(self, defect: Defect) -> Record:
        line = defect.line_of(self._new(), self.dialect)
        return Record(self._anywhere(), line, defect.reason)

    def _copies(
        self, own: list[tuple[int, Original]], known: list[Original], conflicts: int
    ) -> Iterator[Record]:
        """A copy for each of `own`, or in every second case for one of `known` in its stead."""
        for number, (place, one) in enumerate(own):
            original, after = one, float(place)
            if number % 2 and known:
                original, after = known.pop(self.random.randrange(len(known))), 0
            if number < conflicts:
                other = original.with_other_content()
                yield Record(self._anywhere(after), self._line(other.fields()), CONFLICT)
            else:
                fields = original.in_other_words() if number % 3 else original.fields()
                yield Record(self._anywhere(after), self._line(fields), DUPLICATE)
