/**
 * The project's name in Pulumi.yaml; the backend stores stacks under it. The settings' namespace is the same. It is
 * repeated here because loading the settings takes a tenth of a second, and not every command needs them.
 */
export const projectName = "ha-rancher";
