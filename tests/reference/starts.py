"""What a proof begins with."""

from sourcier.engine.certificates import outsets
from sourcier.engine.formulation import Cover
from sourcier.engine.joined import join
from sourcier.engine.offers import Problem


def best_single(problem: Problem) -> Cover:
    """The best plan of at most one shipment that is found at once; there must be offers."""
    (outset,) = outsets(join([problem]))
    return outset.best
