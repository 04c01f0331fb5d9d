"""A load on a server from outside: an echo to compare with, what the server carries, and how it behaves beyond.

`http2` is a connection, `traffic` what is sent over connections and when, `asked` the requests, `echo` a server that
does no work, `children` the servers as processes, `wire` and `overload` the measurements.
"""
