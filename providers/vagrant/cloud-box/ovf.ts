/** A disk of a virtual machine's description. */
export interface OvfDisk {
  file: string;
  /** Bytes that the machine sees. */
  capacity: number;
}

const streamOptimized = "http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized";

const item = (fields: Readonly<Record<string, string | number>>): string =>
  [
    "      <Item>",
    ...Object.entries(fields).map(([name, value]) => `        <rasd:${name}>${value}</rasd:${name}>`),
    "      </Item>",
  ].join("\n");

/**
 * The description of a virtual machine for VirtualBox's import (OVF 1.0, DMTF DSP0243), as its own export writes it: two
 * processors, a SATA controller with the disks in their order, and one card in a NAT network, which Vagrant uses. All of it
 * but the disks is set by Vagrant when a machine is made. No address in it is fixed, so that each machine gets its own.
 */
export function ovf(disks: readonly OvfDisk[]): string {
  const each = (line: (disk: OvfDisk, number: number) => string): string =>
    disks.map((disk, i) => line(disk, i + 1)).join("\n");
  return `<?xml version="1.0"?>
<Envelope ovf:version="1.0" xml:lang="en-US" xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1" xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData" xmlns:vssd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_VirtualSystemSettingData" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <References>
${each(({ file }, n) => `    <File ovf:id="file${n}" ovf:href="${file}"/>`)}
  </References>
  <DiskSection>
    <Info>List of the virtual disks used in the package</Info>
${each(({ capacity }, n) => `    <Disk ovf:capacity="${capacity}" ovf:diskId="vmdisk${n}" ovf:fileRef="file${n}" ovf:format="${streamOptimized}"/>`)}
  </DiskSection>
  <NetworkSection>
    <Info>Logical networks used in the package</Info>
    <Network ovf:name="NAT">
      <Description>Logical network used by this appliance.</Description>
    </Network>
  </NetworkSection>
  <VirtualSystem ovf:id="debian">
    <Info>A virtual machine</Info>
    <OperatingSystemSection ovf:id="96">
      <Info>The kind of installed guest operating system</Info>
      <Description>Debian_64</Description>
    </OperatingSystemSection>
    <VirtualHardwareSection>
      <Info>Virtual hardware requirements for a virtual machine</Info>
      <System>
        <vssd:ElementName>Virtual Hardware Family</vssd:ElementName>
        <vssd:InstanceID>0</vssd:InstanceID>
        <vssd:VirtualSystemIdentifier>debian</vssd:VirtualSystemIdentifier>
        <vssd:VirtualSystemType>virtualbox-2.2</vssd:VirtualSystemType>
      </System>
${item({ Caption: "2 virtual CPU", Description: "Number of virtual CPUs", ElementName: "2 virtual CPU", InstanceID: 1, ResourceType: 3, VirtualQuantity: 2 })}
${item({ AllocationUnits: "MegaBytes", Caption: "1024 MB of memory", Description: "Memory Size", ElementName: "1024 MB of memory", InstanceID: 2, ResourceType: 4, VirtualQuantity: 1024 })}
${item({ Address: 0, Caption: "sataController0", Description: "SATA Controller", ElementName: "sataController0", InstanceID: 3, ResourceSubType: "AHCI", ResourceType: 20 })}
${each((_, n) => item({ AddressOnParent: n - 1, Caption: `disk${n}`, Description: "Disk Image", ElementName: `disk${n}`, HostResource: `/disk/vmdisk${n}`, InstanceID: n + 3, Parent: 3, ResourceType: 17 }))}
${item({ AutomaticAllocation: "true", Caption: "Ethernet adapter on 'NAT'", Connection: "NAT", ElementName: "Ethernet adapter on 'NAT'", InstanceID: disks.length + 4, ResourceSubType: "E1000", ResourceType: 10 })}
    </VirtualHardwareSection>
  </VirtualSystem>
</Envelope>
`;
}
