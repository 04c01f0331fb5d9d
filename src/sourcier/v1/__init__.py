"""Messages and services of the Sourcier API, version 1, generated from proto/sourcier/v1 (`make proto`)."""
