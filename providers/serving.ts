/**
 * Whether this process is the package's own plugin (plugin/), which serves the resources itself. To be set before any
 * resource class is loaded.
 */
export const plugin = { serves: false };
