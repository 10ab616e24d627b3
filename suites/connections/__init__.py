"""Programs of several connections: blocking, pub/sub, tracking, transactions with others in between."""
