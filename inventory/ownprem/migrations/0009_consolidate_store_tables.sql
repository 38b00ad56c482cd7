-- Drop the tables that each app store once had for itself; store_registries and store_app_cache replace them.
--
-- What they held is not carried over: the application fills the new tables again from the stores.
-- @deletes app_cache, umbrel_registries, app_sources, start9_app_cache, start9_registries, casaos_app_cache, casaos_registries, runtipi_app_cache, runtipi_registries

-- @always
DROP TABLE IF EXISTS app_cache;
DROP TABLE IF EXISTS umbrel_registries;
DROP TABLE IF EXISTS app_sources;
DROP TABLE IF EXISTS start9_app_cache;
DROP TABLE IF EXISTS start9_registries;
DROP TABLE IF EXISTS casaos_app_cache;
DROP TABLE IF EXISTS casaos_registries;
DROP TABLE IF EXISTS runtipi_app_cache;
DROP TABLE IF EXISTS runtipi_registries;

-- @expect query SELECT count(*) = 0 FROM sqlite_schema WHERE name IN ('app_cache', 'umbrel_registries', 'app_sources')
-- @expect query SELECT count(*) = 0 FROM sqlite_schema WHERE name IN ('start9_app_cache', 'start9_registries')
-- @expect query SELECT count(*) = 0 FROM sqlite_schema WHERE name IN ('casaos_app_cache', 'casaos_registries')
-- @expect query SELECT count(*) = 0 FROM sqlite_schema WHERE name IN ('runtipi_app_cache', 'runtipi_registries')
