# discovery
