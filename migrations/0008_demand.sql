CREATE TABLE `demand_series` (
	`zone` text NOT NULL,
	`class_id` text NOT NULL,
	`last_utc_ms` integer NOT NULL,
	`state` text NOT NULL,
	PRIMARY KEY(`zone`, `class_id`)
);
--> statement-breakpoint
ALTER TABLE `plan_slots` ADD `demand` text;