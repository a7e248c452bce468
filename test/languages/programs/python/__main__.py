import pulumi
from pulumi_ha_rancher import AddressArgs, HaRancher, MachinesArgs, NodeArgs, StorageArgs

rancher = HaRancher(
    "rancher",
    id="other",
    nodes=[NodeArgs(name="left", address="192.168.56.11"), NodeArgs(name="right", address="192.168.56.12")],
    machines=MachinesArgs(
        hypervisor="libvirt", box="lab/debian", box_version="1.0", directory="/srv/own/machines", prefix=24
    ),
    vip=AddressArgs(address="192.168.56.10", prefix=24),
    storage=StorageArgs(kind="host", address="192.168.56.1", directory="/srv/own/data"),
)
pulumi.export("url", rancher.url)
