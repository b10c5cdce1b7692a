CREATE TABLE `site_timings` (
	`site` text PRIMARY KEY NOT NULL,
	`last_utc_ms` integer NOT NULL,
	`state` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `timing_hours` (
	`site` text NOT NULL,
	`zone` text NOT NULL,
	`hour_utc_ms` integer NOT NULL,
	`requests` integer NOT NULL,
	`work_ms` real NOT NULL,
	`tokens` integer NOT NULL,
	`timed` integer NOT NULL,
	`prompt_ms` real NOT NULL,
	`ttft_ms` real NOT NULL,
	`prompt_sq_ms2` real NOT NULL,
	`product_ms2` real NOT NULL,
	`ttft_sq_ms2` real NOT NULL,
	`steps` integer NOT NULL,
	`decode_ms` real NOT NULL,
	`decode_sq_ms2` real NOT NULL,
	PRIMARY KEY(`hour_utc_ms`, `site`, `zone`)
);
--> statement-breakpoint
ALTER TABLE `usage_hours` ADD `ttft_requests` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `usage_hours` ADD `ttft_ms` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `usage_hours` ADD `nearest_ttft_requests` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `usage_hours` ADD `nearest_ttft_ms` integer DEFAULT 0 NOT NULL;