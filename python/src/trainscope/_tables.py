"""The lists of parameters that records are about."""

from __future__ import annotations

from dataclasses import dataclass, field

from ._encoding import Record

Placement = str | list[int]

#: How many lists are in use at a time; their ids are given in turn.
IDS = 8


@dataclass(frozen=True)
class Table:
    names: list[str]
    sizes: list[int]
    shapes: list[list[int]]
    placements: list[Placement] = field(default_factory=list)

    def record(self, identity: int) -> Record:
        record: Record = {
            "v": 2,
            "type": "parameters",
            "id": identity,
            "names": self.names,
            "sizes": self.sizes,
            "shapes": self.shapes,
        }
        if any(placement != "whole" for placement in self.placements):
            same = all(placement == self.placements[0] for placement in self.placements)
            record["placements"] = self.placements[0] if same and isinstance(self.placements[0], str) else self.placements
        return record


def joined(tables: list[Table]) -> Table:
    """The parameters of several optimizers that updated in one step."""
    if len(tables) == 1:
        return tables[0]
    return Table(
        [name for table in tables for name in table.names],
        [size for table in tables for size in table.sizes],
        [shape for table in tables for shape in table.shapes],
        [placement for table in tables for placement in table.placements],
    )


class TableIds:
    """Gives each list its id, and says which have to be told."""

    def __init__(self) -> None:
        self._given: list[Table | None] = [None] * IDS
        self._next = 0

    def of(self, table: Table) -> tuple[int, bool]:
        """Its id, and whether it is new."""
        for identity, given in enumerate(self._given):
            if given is table or given == table:
                return identity, False
        identity = self._next
        self._given[identity] = table
        self._next = (identity + 1) % IDS
        return identity, True
