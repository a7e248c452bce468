package main

import (
	ha "own/harancher"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		rancher, err := ha.NewHaRancher(ctx, "rancher", &ha.HaRancherArgs{
			Id: "other",
			Nodes: []ha.NodeArgs{
				{Name: "left", Address: pulumi.String("192.168.56.11")},
				{Name: "right", Address: pulumi.String("192.168.56.12")},
			},
			Machines: &ha.MachinesArgs{
				Hypervisor: "libvirt", Box: "lab/debian", BoxVersion: pulumi.StringRef("1.0"),
				Directory: "/srv/own/machines", Prefix: 24,
			},
			Vip:     ha.AddressArgs{Address: "192.168.56.10", Prefix: 24},
			Storage: ha.StorageArgs{Kind: "host", Address: pulumi.String("192.168.56.1"), Directory: "/srv/own/data"},
		})
		if err != nil {
			return err
		}
		ctx.Export("url", rancher.Url)
		return nil
	})
}
