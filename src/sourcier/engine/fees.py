"""What the customer pays for delivery: the first entry of the rule set's fee table that fits."""

from sourcier.domain.network import Method
from sourcier.domain.order import Cart
from sourcier.engine.compile import CompiledNetwork, CompiledRules
from sourcier.engine.postal_zones import zone_of


def fee_micros(cart: Cart, method: Method, network: CompiledNetwork, rules: CompiledRules) -> int:
    """The fee for the cart by the method; free of charge where no entry fits.

    The zone is that of the destination, also where the customer collects. Entries for named zones do not fit a
    destination that lies in none.
    """
    fees = rules.rule_set.fees
    zone_id = ""
    if any(fee.zone_ids for fee in fees):
        index = zone_of(network.postal_zones, cart.destination)
        zone_id = "" if index < 0 else network.network.zones[index].zone_id
    for fee in fees:
        if (
            (not fee.methods or method in fee.methods)
            and (not fee.zone_ids or zone_id in fee.zone_ids)
            and cart.value_micros >= fee.min_value_micros
        ):
            return fee.fee_micros
    return 0
