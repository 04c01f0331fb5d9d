"""The gRPC edge: the only package, beside the client, that knows protobuf. It parses, calls a use case, answers."""
