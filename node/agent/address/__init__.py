"""The agent without a lease, where the floating IP is all there is: checks decide which VIPs this node may have."""
