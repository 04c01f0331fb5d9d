"""The words of sourcing as frozen values: standard library only, no I/O, no clock.

Money is in micros of the network's currency, weight in grams, distance in metres, time of day in minutes,
instants in UTC; every quantity is an integer.
"""
