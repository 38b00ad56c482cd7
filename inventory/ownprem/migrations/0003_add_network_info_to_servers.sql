-- Keep what a server's agent reports about its network.

-- @unless column servers.network_info
ALTER TABLE servers ADD COLUMN network_info JSON;

-- @expect column servers.network_info
