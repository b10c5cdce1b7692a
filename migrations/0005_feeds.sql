CREATE TABLE `feed_states` (
	`feed` text PRIMARY KEY NOT NULL,
	`attempted_utc_ms` integer NOT NULL,
	`succeeded_utc_ms` integer,
	`retry_utc_ms` integer,
	`fault` text,
	`hours` integer NOT NULL,
	`refused` integer NOT NULL,
	`refused_why` text
);
--> statement-breakpoint
ALTER TABLE `site_inputs` ADD `weather_issued_utc_ms` integer;--> statement-breakpoint
ALTER TABLE `site_inputs` ADD `price_issued_utc_ms` integer;--> statement-breakpoint
ALTER TABLE `site_inputs` ADD `carbon_issued_utc_ms` integer;