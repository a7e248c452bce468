import { fatDisk } from "./fat";

/**
 * The key that every Vagrant box lets in, of Vagrant's own repository. Each machine gets a key of its own in its place when
 * it is made.
 */
const insecureKey =
  "ssh-rsa AAAAB3NzaC1yc2EAAAABIwAAAQEA6NF8iallvQVp22WDkTkyrtvp9eWW6A8YVr+kz4TjGYe7gHzIw+niNltGEFHzD8+v1I2YJ6oXevct1YeS0o9HZyN1Q9qgCgzUFtdOKLv6IedplqoPkcmF0aYet2PkEDo3MlTBckFXPITAMzF8dJSIFo9D8HfdOV0IAdx4O7PtixWKn5y2hMNG0zQPyUecp4pzC6kivAIhyfHilFR61RGL+GPXQ2MWZWFYbAGjyiYJnAmCP3NOTd0jMZEnDkbUvxhMmBYSdETk1rRgm+R4LOzFUGaHqHDLKLX+FIPKcF96hrucXzcWyLbIbEgE98OHlnVYCzRdK8jlqm8tehUc9c9WhQ== vagrant insecure public key";

/** cloud-config for a Vagrant box: its user, and nobody else. The machine's name is set when it is made, and stays. */
const userData = {
  users: [
    {
      name: "vagrant",
      shell: "/bin/bash",
      lock_passwd: true,
      sudo: "ALL=(ALL) NOPASSWD:ALL",
      ssh_authorized_keys: [insecureKey],
    },
  ],
  ssh_pwauth: false,
  preserve_hostname: true,
  manage_etc_hosts: false,
};

/** What cloud-init's source NoCloud reads from a disk with the label CIDATA. JSON is YAML. */
export const seedFiles = (): Record<string, string> => ({
  "meta-data": `${JSON.stringify({ "instance-id": "vagrant" })}\n`,
  "user-data": `#cloud-config\n${JSON.stringify(userData, undefined, 2)}\n`,
});

/** The disk that a box of a cloud image has beside the image's own. */
export const seedDisk = (): Buffer => fatDisk("CIDATA", seedFiles());
