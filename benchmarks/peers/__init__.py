"""What a retailer would run instead: the documented logic of other systems, and plain solvers, on the same orders.

Every peer sees one order at a time as a `View`: units wanted, units each node can give, distances and the very costs
that the engine minimizes. It answers who gives how many units; the engine's own formulas price that. A peer is coded
from the public documentation of the system that it is named after, as far as that tells its logic; what it leaves open
is decided in the peer's favour where that is plain. Constraints that a system is not documented to know in sourcing
(dates, a node's capacity, a limit of shipments) are hidden from it; `judge` counts and repairs what it then breaks.
None of this is their code, and none of them is judged by it as a product: they do much more than choose nodes.
"""
