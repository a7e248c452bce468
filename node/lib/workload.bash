# shellcheck shell=bash
# Whether this node has an agent without a lease: the floating IP is all there is. Sourced; needs `config`, the folder of the
# settings.
# shellcheck disable=SC2154 # config

address_only() { grep -qs '^  "workload": "address"' "$config/agent.json"; }
