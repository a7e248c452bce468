from pathlib import Path

import pulumi
from pulumi_ha_rancher import AddressArgs, HaRancher, MachinesArgs, NodeArgs, StorageArgs

config = pulumi.Config()
stack = f"{pulumi.get_project()}-{pulumi.get_stack()}"
folder = Path.home() / ".local" / "share" / "ha-rancher-programs" / stack

rancher = HaRancher(
    "rancher",
    id=stack,
    nodes=[
        NodeArgs(name="left", address=config.require("left")),
        NodeArgs(name="right", address=config.require("right")),
    ],
    machines=MachinesArgs(
        hypervisor=config.require("hypervisor"),
        box=config.require("box"),
        memory=4096,
        prefix=24,
        directory=str(folder / "machines"),
    ),
    vip=AddressArgs(address=config.require("vip"), prefix=24),
    storage=StorageArgs(kind="host", address=config.require("gateway"), directory=str(folder / "data")),
)

pulumi.export("url", rancher.url)
pulumi.export("currentMaster", rancher.current_master)
pulumi.export("bootstrapPassword", rancher.bootstrap_password)
