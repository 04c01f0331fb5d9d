"""What the processes of one server share: messages over a socket, and an end with their parent."""
