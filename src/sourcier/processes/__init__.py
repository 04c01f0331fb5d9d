"""What the processes of one server share: messages over a socket, an end with their parent, turns for threads."""
