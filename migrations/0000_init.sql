CREATE TABLE `current_plan` (
	`id` integer PRIMARY KEY NOT NULL,
	`version` integer NOT NULL,
	FOREIGN KEY (`version`) REFERENCES `plans`(`version`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `plan_slots` (
	`version` integer NOT NULL,
	`slot` integer NOT NULL,
	`shares` text NOT NULL,
	PRIMARY KEY(`version`, `slot`),
	FOREIGN KEY (`version`) REFERENCES `plans`(`version`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `plans` (
	`version` integer PRIMARY KEY NOT NULL,
	`run_id` text NOT NULL,
	`created_utc_ms` integer NOT NULL,
	`start_utc_ms` integer NOT NULL,
	`gap` real NOT NULL,
	`rounds` integer NOT NULL,
	`header` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `plans_run_id_unique` ON `plans` (`run_id`);--> statement-breakpoint
CREATE TABLE `site_inputs` (
	`site_id` text NOT NULL,
	`utc_ms` integer NOT NULL,
	`temp_c` real NOT NULL,
	`rh_pct` real NOT NULL,
	`spot_aud_per_mwh` real,
	`carbon_kg_per_kwh` real,
	`source` text NOT NULL,
	`updated_utc_ms` integer NOT NULL,
	PRIMARY KEY(`site_id`, `utc_ms`)
);
--> statement-breakpoint
CREATE INDEX `site_inputs_utc` ON `site_inputs` (`utc_ms`);