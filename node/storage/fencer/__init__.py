"""The helper on the NFS server: takes a node's access to the data away when the next owner asks for it, and lets it in again
once it has shown that nothing of it runs. docs/storage-fencing.md has the protocol, and why it is safe."""
