"""Rules on pictures, videos, and the files of downloads."""

from etsy_pipeline.listings.rule_tables.rule import Rule

MEDIA: dict[str, Rule] = {
    "image_address_unusable": Rule(
        "warning", "images", "The picture {url!r} has no http or https address; it is left out.",
        "Upload the picture again in Medusa.", "own",
    ),
    "no_images": Rule(
        "warning", "images", "There is no picture: the listing stays a draft.", "Add one in Medusa.", "FACTS §6",
    ),
    "too_many_images": Rule(
        "warning", "images", "There are {count} pictures; the first {limit} are sent.", "Put the best first.", "FACTS §8",
    ),
    "variation_images_unused": Rule(
        "warning", "variation_images", "Medusa has pictures of single values of {option}; none is linked on Etsy.",
        "Set variation_images.source to medusa to link them, or to none to leave it so.", "LISTING_EXTRAS §1",
    ),
    "variation_images_ambiguous": Rule(
        "warning", "variation_images",
        "The pictures of variants fit {options} equally well, and Etsy links one of them: none is linked.",
        "Name the option in variation_images.option.", "LISTING_EXTRAS §1 (one property)",
    ),
    "variation_images_option": Rule(
        "warning", "variation_images", "No value of {option} has a picture of its own: none is linked.",
        "Assign pictures in Medusa to all variants of a value, or correct variation_images.option.",
        "LISTING_EXTRAS §1 (one picture for a value)",
    ),
    "variation_images_left_out": Rule(
        "warning", "variation_images", "The pictures of {values} are not among the first 20, and are not linked.",
        "Put them further to the front, or remove others.", "LISTING_EXTRAS §1 (20 pictures in all)",
    ),
    "alt_text_shortened": Rule(
        "warning", "images", "The text of a picture has {length} characters; Etsy takes at most {limit}, cut at a word.",
        "Shorten alt_text_template in the shop's settings.", "FACTS §8",
    ),
    "too_many_videos": Rule(
        "warning", "videos", "There are {count} videos; the first {limit} are sent.", "Put the best first.",
        "LISTING_EXTRAS §2",
    ),
    "video_unusable": Rule(
        "warning", "videos", "The video {url!r} is left out: it needs an http or https address that ends with {suffixes}.",
        "Correct metadata etsy_video.", "LISTING_EXTRAS §2 (kinds uncertain)",
    ),
    "videos_unreadable": Rule(
        "warning", "videos", "Metadata {key} is no address, nor a list of them; no video is sent.",
        "Correct it in Medusa.", "own",
    ),
    "too_many_files": Rule(
        "error", "files", "There are {count} files; Etsy takes at most {limit}.", "Pack some of them together.",
        "LISTING_EXTRAS §4 (Etsy's help)",
    ),
    "file_unusable": Rule(
        "error", "files", "File {number} has no name, or no http or https address.",
        "Correct metadata etsy_files: an address, or a list of addresses or of {url, name}.", "own",
    ),
    "file_name_repeated": Rule(
        "error", "files", "Several files are called {name!r}; a lost upload could not be found again.",
        "Give each its own name in metadata etsy_files.", "own",
    ),
    "files_of_no_download": Rule(
        "warning", "files", "Metadata etsy_files is not used: the product is no download, and a file would make it one.",
        "Set metadata etsy_type to download, or remove etsy_files.", "LISTING_EXTRAS §4",
    ),
    "download_files_missing": Rule(
        "warning", "type", "No files are known of the download: the listing stays a draft.",
        "Name them in metadata etsy_files; or add them in Etsy's Shop Manager, then publish it there.", "FACTS §6",
    ),
    "download_with_variations": Rule(
        "error", "type", "The product is a download with {count} variants; Etsy takes one.",
        "Make it one product a variant, or physical.", "FACTS §6",
    ),
}  # fmt: skip
