"""What a shipment emits."""

from sourcier.domain.network import Service
from sourcier.domain.plan import Plan


def shipment_grams(service: Service, weight_grams: int, distance_m: int) -> int:
    """Grams of carbon dioxide of a shipment, halves up: so much a parcel, so much per kilogram and kilometre."""
    moved = service.co2_mg_per_kg_km * weight_grams * distance_m  # mg x 10^6
    return service.co2_g_per_shipment + (moved + 500_000_000) // 1_000_000_000


def plan_grams(plan: Plan) -> int:
    """Grams of carbon dioxide of all that travels for a plan, the parcel of a hub included."""
    onward = 0 if plan.onward is None else plan.onward.co2_grams
    return onward + sum(shipment.co2_grams for shipment in plan.shipments)
