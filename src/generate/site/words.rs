//! Words that paths are made of.

/// What is sold.
pub const THINGS: [&str; 30] = [
    "anchor",
    "backpack",
    "blanket",
    "boots",
    "bottle",
    "compass",
    "cooler",
    "dry-bag",
    "fleece",
    "gloves",
    "hammock",
    "headlamp",
    "jacket",
    "kayak",
    "kettle",
    "knife",
    "lantern",
    "map-case",
    "paddle",
    "poncho",
    "pump",
    "rope",
    "sandals",
    "sleeping-bag",
    "socks",
    "stove",
    "sunglasses",
    "tent",
    "towel",
    "whistle",
];

/// What it is like.
pub const KINDS: [&str; 20] = [
    "alpine",
    "classic",
    "compact",
    "coastal",
    "down",
    "expedition",
    "fast",
    "folding",
    "kids",
    "light",
    "merino",
    "mini",
    "nordic",
    "pro",
    "rain",
    "sport",
    "summer",
    "trail",
    "ultra",
    "winter",
];

/// Where it is.
pub const CATEGORIES: [&str; 10] =
    ["camping", "clothing", "cooking", "footwear", "hiking", "kayaking", "lighting", "navigation", "sale", "sleeping"];

/// What is written about.
pub const TOPICS: [&str; 24] = [
    "how-to-choose-a-tent",
    "packing-list-for-a-weekend",
    "care-of-down",
    "first-aid-on-the-trail",
    "five-walks-by-the-sea",
    "knots-worth-knowing",
    "winter-camping-basics",
    "reading-the-weather",
    "repairing-a-sleeping-pad",
    "water-filters-compared",
    "our-new-shop",
    "meet-the-team",
    "hiking-with-children",
    "kayak-touring-for-beginners",
    "stoves-at-altitude",
    "layers-explained",
    "leave-no-trace",
    "maps-and-compasses",
    "night-hikes",
    "boots-that-last",
    "behind-the-scenes",
    "a-week-on-the-coast",
    "what-we-learned-in-2024",
    "gift-ideas",
];

/// What help there is.
pub const HELP: [&str; 12] = [
    "shipping",
    "returns",
    "payment",
    "size-guide",
    "warranty",
    "gift-cards",
    "repairs",
    "contact",
    "faq",
    "privacy",
    "terms",
    "imprint",
];

/// What people look for.
pub const QUERIES: [&str; 16] = [
    "tent",
    "rain+jacket",
    "sleeping+bag",
    "2+person+tent",
    "kids+boots",
    "headlamp",
    "dry%20bag",
    "stove+gas",
    "merino",
    "kayak+paddle",
    "caf%C3%A9+kettle",
    "size+44",
    "hammock",
    "gift",
    "poncho+xl",
    "map%20case%20A4",
];
