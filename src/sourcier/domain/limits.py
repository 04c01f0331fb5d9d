"""Every limit of the service, named and with its unit. The documentation and the proto comments quote these."""

from typing import Final

# Request shape
LINES_PER_ORDER_MAX: Final = 100
QUANTITY_PER_LINE_MAX: Final = 1_000_000  # units
TEXT_BYTES_MAX: Final = 128  # UTF-8 bytes of an id, SKU, channel or code
COMMENT_BYTES_MAX: Final = 1_024  # UTF-8 bytes of a free comment
RULE_SET_BYTES_MAX: Final = 262_144  # UTF-8 bytes of one YAML rule set
UNIT_WEIGHT_GRAMS_MAX: Final = 10_000_000  # grams of one unit (10 tonnes)
MONEY_MICROS_MAX: Final = 10**12  # micros of one amount (1,000,000 of the currency)
SERVICES_PER_REQUEST_MAX: Final = 16
STORES_PER_REQUEST_MAX: Final = 16
PRIORITY_MAX: Final = 1_000_000  # of an order; the higher is served first
PROMISE_TOKEN_MINUTES_MAX: Final = 30 * 24 * 60  # for which a promise is kept
PROMISE_TOKEN_BYTES_MAX: Final = 2_048  # bytes
AVAILABILITY_SKUS_MAX: Final = 100  # SKUs of one GetAvailability
WATCH_SKUS_MAX: Final = 10_000  # SKUs of one WatchAvailability
NEARBY_STORES_MAX: Final = 20  # stores named for each SKU
NEARBY_STORES_DEFAULT: Final = 3
STOCK_RECORDS_PER_BATCH_MAX: Final = 1_000
STOCK_QUANTITY_MAX: Final = 1_000_000_000  # units in one stock count or delta, or of one dated supply
SUPPLY_RECORDS_PER_BATCH_MAX: Final = 1_000
PAGE_SIZE_MAX: Final = 1_000  # rows of one List or GetStock page
PAGE_SIZE_DEFAULT: Final = 100  # rows
MESSAGE_BYTES_MAX: Final = 4 * 1024 * 1024  # bytes of one gRPC message; a network of 2,000 nodes fits
METADATA_BYTES_MAX: Final = 8_192  # bytes of a call's metadata

# Network shape
NODES_MAX: Final = 5_000
SERVICES_MAX: Final = 64
POSTAL_AREAS_MAX: Final = 50_000
WEIGHT_TIERS_MAX: Final = 16  # per service
TRANSIT_BANDS_MAX: Final = 16  # per service
HOURS_MAX: Final = 64  # entries of picking hours, opening hours or delivery windows; spans of one exceptional day
DAY_EXCEPTIONS_MAX: Final = 1_000  # of one node
ROUNDS_MAX: Final = 128  # entries of one node; one entry may repeat through the day
ROUND_PARCELS_MAX: Final = 1_000_000  # parcels of one carrier's round
SHIFTS_MAX: Final = 16  # of one node
ZONES_MAX: Final = 1_000
POSTAL_RANGES_MAX: Final = 50_000  # of all zones together
POSTAL_PREFIX_CHARS_MAX: Final = 16  # characters of a prefix or of the ends of a range
ZONE_TRANSITS_MAX: Final = 4_000  # per service
TRANSFER_LANES_MAX: Final = 20_000
TRANSIT_SHARES_MAX: Final = 61  # of one distribution: one for each number of business days
CO2_G_PER_SHIPMENT_MAX: Final = 10_000_000  # grams (10 tonnes)
CO2_MG_PER_KG_KM_MAX: Final = 1_000_000  # milligrams; a hundred times an aeroplane
PROTECTION_CLASSES_MAX: Final = 3  # floor columns on a stock row (ledger specification, 3.5)

# Time
SHIP_HORIZON_DAYS: Final = 28  # days after the order within which a shipment may leave
TIMETABLE_DAYS: Final = 60  # days ahead for which calendars are compiled; dated supply counts that far
TRANSIT_DAYS_MAX: Final = 60  # business days
HOLD_TTL_SECONDS_MIN: Final = 1
HOLD_TTL_SECONDS_MAX: Final = 4 * 3_600
HOLD_TTL_SECONDS_DEFAULT: Final = 900
PROCESSING_MINUTES_MAX: Final = 14 * 24 * 60  # minutes of processing, and of backlog
PROCESSING_SECONDS_PER_UNIT_MAX: Final = 24 * 3_600
ROUND_EVERY_MINUTES_MIN: Final = 10  # minutes between two rounds of one entry
COURIER_MINUTES_MAX: Final = 24 * 60
COLLECT_MINUTES_MAX: Final = 7 * 24 * 60
LEAD_DAYS_MAX: Final = 730  # days a supplier takes
ORDER_TIME_SKEW_SECONDS_MAX: Final = 400 * 24 * 3_600  # an order time further from now is refused

# Deciding
DECIDE_ATTEMPTS_MAX: Final = 3  # decisions of one request when other writers take the stock
FRONTIER_MAX: Final = 8  # options on the cost/date frontier of one service, its ends included
SOLVE_MS_DEFAULT: Final = 200  # milliseconds of solver per decision
SOLVE_MS_MAX: Final = 10_000  # milliseconds
SOLVES_PER_PROMISE: Final = 5  # decisions' worth of solver that all decisions of one promise have together
PROMISE_SOLVE_MS_MAX: Final = 60_000  # milliseconds

# Files and their entries
NETWORK_BYTES_MAX: Final = 4 * 1024 * 1024  # UTF-8 bytes of one YAML network
CHANNELS_MAX: Final = 64  # of one rule set
RULE_ENTRIES_MAX: Final = 256  # eligibility or safety stock entries of one rule set
UNFILLED_VALUE_BP_MAX: Final = 1_000_000  # basis points of the unit price (10,000 %)
CLOSED_DATES_MAX: Final = 1_000  # of one node or service
CAPACITY_PER_DAY_MAX: Final = 1_000_000_000  # orders, lines or units
DISTANCE_M_MAX: Final = 20_100_000  # metres; half way round the earth

# Calls of the API
LINES_PER_SETTLEMENT_MAX: Final = 1_000  # allocation lines named in one Ship or Cancel
FILTERS_PER_REQUEST_MAX: Final = 100  # node ids, or SKUs, of one GetStock
PAGE_TOKEN_BYTES_MAX: Final = 1_024  # UTF-8 bytes
