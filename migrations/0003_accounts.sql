CREATE TABLE `api_keys` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`hash` text NOT NULL,
	`models` text,
	`classes` text,
	`requests_per_minute` integer,
	`tokens_per_minute` integer,
	`budget_nano_aud` integer,
	`budget_carbon_mg` integer,
	`created_utc_ms` integer NOT NULL,
	`expires_utc_ms` integer,
	`revoked_utc_ms` integer,
	`revision` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `api_keys_revision` ON `api_keys` (`revision`);--> statement-breakpoint
CREATE TABLE `metric_counters` (
	`name` text NOT NULL,
	`labels` text NOT NULL,
	`value` integer NOT NULL,
	PRIMARY KEY(`name`, `labels`)
);
--> statement-breakpoint
CREATE TABLE `usage_batches` (
	`id` text PRIMARY KEY NOT NULL,
	`written_utc_ms` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `usage_batches_written` ON `usage_batches` (`written_utc_ms`);--> statement-breakpoint
CREATE TABLE `usage_hours` (
	`key_id` text NOT NULL,
	`model` text NOT NULL,
	`zone` text NOT NULL,
	`site` text NOT NULL,
	`hour_utc_ms` integer NOT NULL,
	`requests` integer NOT NULL,
	`estimated` integer NOT NULL,
	`unpriced` integer NOT NULL,
	`prompt_tokens` integer NOT NULL,
	`cached_tokens` integer NOT NULL,
	`completion_tokens` integer NOT NULL,
	`energy_milli_wh` integer NOT NULL,
	`carbon_mg` integer NOT NULL,
	`water_micro_l` integer NOT NULL,
	`cost_nano_aud` integer NOT NULL,
	`nearest_energy_milli_wh` integer NOT NULL,
	`nearest_carbon_mg` integer NOT NULL,
	`nearest_water_micro_l` integer NOT NULL,
	`nearest_cost_nano_aud` integer NOT NULL,
	PRIMARY KEY(`key_id`, `model`, `zone`, `site`, `hour_utc_ms`)
);
--> statement-breakpoint
CREATE INDEX `usage_hours_hour` ON `usage_hours` (`hour_utc_ms`);--> statement-breakpoint
CREATE TABLE `usage_months` (
	`key_id` text NOT NULL,
	`month_utc_ms` integer NOT NULL,
	`cost_nano_aud` integer NOT NULL,
	`carbon_mg` integer NOT NULL,
	PRIMARY KEY(`key_id`, `month_utc_ms`)
);
