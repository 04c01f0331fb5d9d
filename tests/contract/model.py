"""The ledger as one would write it down on paper: dictionaries, no SQL, nothing shared with the ledger's code.

Every operation returns what the ledger must answer: "ok", "short", or the reason of a refusal.
"""

from dataclasses import dataclass, field

Key = tuple[str, str]
Wanted = tuple[str, str, int, str]
"""(node, SKU, units, supply or nothing)"""
SupplyKey = tuple[str, str, str]
"""(supply, node, SKU)"""
OPEN = ("HELD", "ALLOCATED", "SHIPPED", "SETTLED")


@dataclass
class Row:
    """One SKU at one node."""

    on_hand: int = 0
    floors: tuple[int, int, int] = (0, 0, 0)


@dataclass
class Supply:
    """What a source said last of one SKU of one supply."""

    quantity: int = 0
    received: int = 0
    closed: bool = False

    @property
    def usable(self) -> int:
        """Units still to come."""
        return 0 if self.closed else max(0, self.quantity - self.received)


@dataclass
class Line:
    """Some units of one order line at one node, in one state; on hand, or of a supply."""

    number: int
    line_id: str
    key: Key
    quantity: int
    state: str
    supply: str = ""
    shipped_at: int = -1


@dataclass
class Booking:
    """A hold or an allocation."""

    order_id: str
    lines: list[Line]
    expires_at: int | None
    allocated: bool
    uses_pool: bool
    priority: int = 0


@dataclass
class Model:
    """Time is in seconds since the start; `cap` orders a day leave node n1; nodes in `deltas` settle at once."""

    cap: int
    now: int = 0
    rows: dict[Key, Row] = field(default_factory=dict)
    supplies: dict[SupplyKey, Supply] = field(default_factory=dict)
    bookings: dict[str, Booking] = field(default_factory=dict)
    ordered: dict[Key, int] = field(default_factory=dict)
    floors: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    deltas: set[str] = field(default_factory=set)

    def sum_of(self, key: Key, state: str, supply: str = "") -> int:
        """Units of a row's lines in one state, on hand or pegged to a supply."""
        lines = [line for booking in self.bookings.values() for line in booking.lines]
        return sum(line.quantity for line in lines if line.key == key and line.state == state and line.supply == supply)

    def left(self, key: Key, supply: str) -> int:
        """Units of a supply that nobody has pegged."""
        pegged = self.sum_of(key, "HELD", supply) + self.sum_of(key, "ALLOCATED", supply)
        return self.supplies[supply, *key].usable - pegged

    def free(self, key: Key) -> int:
        """Units nobody was promised."""
        taken = sum(self.sum_of(key, state) for state in ("HELD", "ALLOCATED", "SHIPPED"))
        return self.rows[key].on_hand - taken

    def pool_used(self) -> int:
        """Orders that use the capacity of n1."""
        return sum(
            booking.uses_pool and any(line.state in OPEN and line.key[0] == "n1" for line in booking.lines)
            for booking in self.bookings.values()
        )

    def allocated(self, order_id: str, line_id: str) -> int:
        """Units of an order line that are allocated, shipped ones included."""
        return sum(
            line.quantity
            for booking in self.bookings.values()
            if booking.order_id == order_id and booking.allocated
            for line in booking.lines
            if line.line_id == line_id and line.state in ("ALLOCATED", "SHIPPED", "SETTLED")
        )

    def reserve(
        self,
        name: str,
        wanted: list[Wanted],
        channel_class: int,
        order_id: str,
        ttl: int | None,
        priority: int = 0,
    ) -> str:
        """Hold (with a time to live) or allocate (with an order that wants exactly these lines)."""
        numbered = list(enumerate(wanted, start=1))
        if ttl is None and any(self.allocated(order_id, str(n)) + q > q for n, (_, _, q, _) in numbered):
            return "ORDER_LINE_ALREADY_ALLOCATED"
        uses_pool = any(node == "n1" for node, *_ in wanted)
        if (uses_pool and self.pool_used() >= self.cap) or not self.there_is(wanted, channel_class):
            return "short"
        state = "ALLOCATED" if ttl is None else "HELD"
        lines = [Line(n, str(n), (node, sku), quantity, state, supply) for n, (node, sku, quantity, supply) in numbered]
        expires_at = None if ttl is None else self.now + ttl
        order = order_id if ttl is None else ""
        self.bookings[name] = Booking(order, lines, expires_at, ttl is None, uses_pool, priority)
        return "ok"

    def there_is(self, wanted: list[Wanted], channel_class: int) -> bool:
        """Whether every row and every supply has what is wanted of it beyond what is kept back."""
        for key in {(node, sku) for node, sku, _, _ in wanted}:
            on_hand = sum(q for node, sku, q, supply in wanted if (node, sku, supply) == (*key, ""))
            floor = self.rows[key].floors[channel_class] if key in self.rows else 0
            free = self.free(key) - on_hand if key in self.rows else 0
            if on_hand and (key not in self.rows or free < floor):
                return False
            for name in {supply for node, sku, _, supply in wanted if supply and (node, sku) == key}:
                pegged = sum(q for node, sku, q, supply in wanted if (node, sku, supply) == (*key, name))
                kept = max(0, floor - max(0, free))
                if (name, *key) not in self.supplies or self.left(key, name) - pegged < kept:
                    return False
        return True

    def allocate_hold(self, name: str, order_id: str, priority: int = 0) -> str:
        """A hold in time becomes the allocation of an order that wants exactly what it holds."""
        booking = self.bookings[name]
        held = [line for line in booking.lines if line.state == "HELD"]
        due = booking.expires_at is not None and booking.expires_at <= self.now
        if due or any(line.state == "EXPIRED" for line in booking.lines):
            return "HOLD_EXPIRED"
        if not held:
            return "HOLD_NOT_OPEN"
        if any(self.allocated(order_id, line.line_id) > 0 for line in held):
            return "ORDER_LINE_ALREADY_ALLOCATED"
        for line in held:
            line.state = "ALLOCATED"
        booking.order_id, booking.allocated, booking.expires_at = order_id, True, None
        booking.priority = priority
        return "ok"

    def settle(self, how: str, name: str, wanted: list[tuple[int, int]]) -> str:
        """Ship, cancel or release parts; an empty list means all that is open."""
        booking = self.bookings[name]
        old, new = {
            "ship": ("ALLOCATED", "SHIPPED"),
            "cancel": ("ALLOCATED", "CANCELLED"),
            "release": ("HELD", "RELEASED"),
        }[how]
        if how != "release" and not booking.allocated:
            return "ALLOCATION_NOT_FOUND"
        lines = {line.number: line for line in booking.lines}
        moves = wanted or [(line.number, line.quantity) for line in booking.lines if line.state == old]
        if not moves or any(n not in lines or lines[n].state != old or lines[n].quantity < q for n, q in moves):
            if how != "release":
                return "ALLOCATION_STATE"
            return "HOLD_EXPIRED" if any(line.state == "EXPIRED" for line in booking.lines) else "HOLD_NOT_OPEN"
        if how == "ship" and any(lines[number].supply for number, _ in moves):
            return "SUPPLY_NOT_RECEIVED"
        # Whole lines change in place; parts are split off, in line order, after everything else.
        for number, quantity in sorted(moves):
            line = lines[number]
            state = "SETTLED" if how == "ship" and line.key[0] in self.deltas else new
            if quantity == line.quantity:
                line.state, line.shipped_at = state, self.now
            else:
                line.quantity -= quantity
                next_number = len(booking.lines) + 1
                what = (line.line_id, line.key, quantity, state, line.supply)
                booking.lines.append(Line(next_number, *what, self.now))
        if all(line.state != "HELD" for line in booking.lines):
            booking.expires_at = None
        return "ok"

    def sweep(self) -> int:
        """Expire what is due."""
        due = [b for b in self.bookings.values() if b.expires_at is not None and b.expires_at <= self.now]
        for booking in due:
            booking.expires_at = None
            for line in booking.lines:
                line.state = "EXPIRED" if line.state == "HELD" else line.state
        return len(due)

    def row(self, key: Key, node_type: str) -> Row:
        """The row, made with the floors in force when it is new."""
        return self.rows.setdefault(key, Row(floors=self.floors.get(node_type, (0, 0, 0))))

    def count(self, key: Key, node_type: str, quantity: int, as_of: int) -> None:
        """An absolute count that was taken at `as_of`."""
        self.row(key, node_type).on_hand = quantity
        for booking in self.bookings.values():
            for line in booking.lines:
                if line.key == key and line.state == "SHIPPED" and line.shipped_at <= as_of:
                    line.state = "SETTLED"

    def queue(self, key: Key, supply: str) -> list[tuple[str, Line]]:
        """The open claims on a row or on a supply: who is served first stands first. Names grow with time."""
        names = sorted(self.bookings, key=lambda name: (-self.bookings[name].priority, name))
        return [
            (name, line)
            for name in names
            for line in self.bookings[name].lines
            if line.key == key and line.supply == supply and line.state in ("HELD", "ALLOCATED")
        ]

    def announce(self, supply_key: SupplyKey, node_type: str, told: Supply) -> None:
        """A newer word on a supply; what came in since the last goes on hand and is shared out."""
        supply, *rest = supply_key
        key = (rest[0], rest[1])
        came_in = told.received - self.supplies.get(supply_key, Supply()).received
        self.supplies[supply_key] = told
        self.row(key, node_type).on_hand += came_in
        for name, line in self.queue(key, supply):
            part = min(line.quantity, came_in)
            if part <= 0:
                break
            came_in -= part
            if part == line.quantity:
                line.supply = ""
            else:
                line.quantity -= part
                lines = self.bookings[name].lines
                lines.append(Line(len(lines) + 1, line.line_id, key, part, line.state))

    def at_risk(self) -> list[tuple[str, int, int, str]]:
        """(name, units, units short, reason) of each line, in any order. All supply comes too late for everybody."""
        found = []
        for (supply, *rest), told in self.supplies.items():
            left = told.usable
            for name, line in self.queue((rest[0], rest[1]), supply):
                short = max(0, line.quantity - left)
                left -= line.quantity - short
                found.append((name, line.quantity, short, "SHORT" if short else "LATE"))
        for key in [key for key in self.rows if self.free(key) < 0]:
            left = max(0, self.rows[key].on_hand - self.sum_of(key, "SHIPPED"))
            for name, line in self.queue(key, ""):
                short = max(0, line.quantity - left)
                left -= line.quantity - short
                if short:
                    found.append((name, line.quantity, short, "STOCK"))
        return sorted(found)

    def delta(self, key: Key, node_type: str, quantity: int) -> None:
        """A signed change; from now on the node settles what it ships at once."""
        self.row(key, node_type).on_hand += quantity
        self.deltas.add(key[0])

    def activate(self, floors: dict[str, tuple[int, int, int]], types: dict[str, str]) -> None:
        """New floors for every row, by node type."""
        self.floors = floors
        for (node, _), row in self.rows.items():
            row.floors = floors.get(types[node], (0, 0, 0))
