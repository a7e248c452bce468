/**
 * The project's name in Pulumi.yaml, by which the backend files its stacks. The settings have the same namespace;
 * it is said again here since reading the settings takes a tenth of a second, and not every command needs them.
 */
export const projectName = "ha-rancher";
