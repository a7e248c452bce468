/** The unit of a node's agent. */
export const agentUnit = "ha-rancher-agent.service";
