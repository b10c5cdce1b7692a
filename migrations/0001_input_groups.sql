CREATE TABLE `__new_site_inputs` (
	`site_id` text NOT NULL,
	`utc_ms` integer NOT NULL,
	`temp_c` real,
	`rh_pct` real,
	`weather_source` text,
	`spot_aud_per_mwh` real,
	`price_source` text,
	`carbon_kg_per_kwh` real,
	`carbon_source` text,
	`updated_utc_ms` integer NOT NULL,
	PRIMARY KEY(`site_id`, `utc_ms`)
);
--> statement-breakpoint
INSERT INTO `__new_site_inputs`("site_id", "utc_ms", "temp_c", "rh_pct", "weather_source", "spot_aud_per_mwh", "price_source", "carbon_kg_per_kwh", "carbon_source", "updated_utc_ms") SELECT "site_id", "utc_ms", "temp_c", "rh_pct", "source", "spot_aud_per_mwh", iif("spot_aud_per_mwh" IS NULL, NULL, "source"), "carbon_kg_per_kwh", iif("carbon_kg_per_kwh" IS NULL, NULL, "source"), "updated_utc_ms" FROM `site_inputs`;--> statement-breakpoint
DROP TABLE `site_inputs`;--> statement-breakpoint
ALTER TABLE `__new_site_inputs` RENAME TO `site_inputs`;--> statement-breakpoint
CREATE INDEX `site_inputs_utc` ON `site_inputs` (`utc_ms`);