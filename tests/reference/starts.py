"""What a proof begins with."""

from sourcier.engine.bounds import relax
from sourcier.engine.formulation import Cover
from sourcier.engine.joined import join
from sourcier.engine.offers import Problem
from sourcier.engine.primal import best_singles


def best_single(problem: Problem) -> Cover:
    """The best plan of at most one shipment that is found at once; there must be offers."""
    (best,) = best_singles(join([problem]), relax(problem))
    return best
