-- Mark the apps that belong to the system, that must stay, and that may run only once.

-- @unless column app_registry.system
ALTER TABLE app_registry ADD COLUMN system BOOLEAN DEFAULT FALSE;

-- @unless column app_registry.mandatory
ALTER TABLE app_registry ADD COLUMN mandatory BOOLEAN DEFAULT FALSE;

-- @unless column app_registry.singleton
ALTER TABLE app_registry ADD COLUMN singleton BOOLEAN DEFAULT FALSE;

-- @expect column app_registry.system
-- @expect column app_registry.mandatory
-- @expect column app_registry.singleton
