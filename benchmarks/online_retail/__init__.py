"""Real orders on a real map: 9,592 baskets of a British retailer, placed on an American network and sourced in order.

Orders, quantities, prices and the times between them are real; so are the places of cities, stores and warehouses.
That the British orders are American is not: a city is drawn for every customer, by population, and for every order
without one. All else is made from a seed by these rules, and the same seed makes the same bytes.

Time. The stream is moved by whole weeks so that it starts within seven days after today: the weekday and the time of
day of every order stay. A time of day is read as local time of the middle of the network (America/Chicago).
One order in five must be delivered by a date 5 to 8 days after it is placed; the others name none.

Parts. An order takes at most 100 lines; a longer one is sent in parts, `order_id/1`, `order_id/2`, and so on.

Articles. An article weighs 60 g times its median price in GBP to the power 0.7, times a lognormal factor (sigma 0.7),
between 10 g and 15 kg.

Network. The five warehouses of the small instances of Jasin and Sinha (2015) and 200 stores drawn from the list, all
shipping by `standard` and `express`. The tariff of `standard` is theirs, in GBP: 8.759 a shipment, 0.423 and 0.000541
a mile for each unit; on top come weight tiers, a handling price at each node, and at stores a pick surcharge.
Transit takes ceil(miles / 500) + 1 business days; `express` takes one up to 500 miles and two beyond, costs more and
carries at most 70 kg. Warehouses ship Monday to Friday, stores Monday to Saturday, 2 to 6 orders a day.

Stock, all of it there at the start. The demand of each article over the whole stream is known. A warehouse carries an
article with probability 0.9; every city is served by the nearest that does, and the warehouse holds its cities' share
of the demand by population plus 0.5 standard deviations (orders fall to cities independently, so the variance is
share * (1 - share) * sum of squared quantities). One article in twenty is scarce: half of that. A store carries an
article with probability 0.2 and holds 1 to 6 units. Nothing is replenished.

Timed (`--timed`). Warehouses pick Monday to Friday 06:00 to 22:00 in two shifts of ten orders, an hour and 2 s a unit
after a backlog of 45 minutes; `standard` collects at 20:00 what was ordered by 16:00, `express` at 14:00 and 21:00 what
was ordered by 11:00 and 18:00. Stores pick Monday to Saturday 10:00 to 19:00, two hours and 30 s a unit; `standard`
collects at 17:00 (14:00), `express` Monday to Friday three parcels at 18:00 (15:00); on one day each store counts its
stock. Nobody works on public holidays of the United States. Of all parcels 80 % take the days above, 15 % one more, 5 %
two more; 90 % must keep a promise. Three articles in ten are imported: half of a warehouse's units are there, the rest
comes by purchase orders in four deliveries over the stream; 15 % of them come 1 to 4 days late, which is said on the
day they were expected, and 5 % bring seven units in ten.

Rules. `rules.yaml`: a unit left unfilled costs more than the dearest way to ship it alone, so no plan saves money by
not shipping. In the published instances it may (their dummy warehouse charges once per order, however many units).
"""
