//! What the keys of `manifest.json` hold.

use analysis::Columns;

/// Those at the top.
pub(crate) const KEYS: Columns = &[
    ("format", "version of this layout; 2 since `isa` and `manifest_sha256`"),
    ("name", "name of the experiment"),
    ("purpose", "what it is for"),
    ("started", "when the last command that wrote tables began, UTC"),
    ("ended", "when it ended"),
    ("driver", "version of the program"),
    ("git_commit", "commit of the repository it was started in, or null"),
    ("git_dirty", "whether that had changes that were not committed, or null"),
    ("host", "name of the computer, or null"),
    ("processor", "its processor, or null"),
    ("isa", "instruction set of the products, on which last digits depend"),
    ("device", "what trained the machines"),
    ("threads", "threads of the process"),
    ("seed", "seed of every random stream"),
    ("config_sha256", "SHA-256 of the settings in force, `config.toml`"),
    ("data", "what it was about, keys below"),
    ("warnings", "what may spoil the results"),
    ("shards", "the processes that trained parts; absent where one process trained all"),
    ("outputs", "SHA-256 of every other file of the run, by its path"),
    ("manifest_sha256", "SHA-256 of all other entries as JSON without spaces"),
];

/// Those of `data`.
pub(crate) const DATA: Columns = &[
    ("source", "the data set, a word of `data.source`"),
    ("note", "what a reader must know of the data, or null"),
    ("train", "training samples"),
    ("validation", "training samples held out of the training"),
    ("test", "test samples"),
    ("dim", "coordinates of a sample"),
    ("sha256", "SHA-256 of the samples"),
];

/// Those of a process in `shards`.
pub(crate) const SHARD: Columns = &[
    ("timesteps", "what it was asked for, as `1-20, 300`"),
    ("driver", "version of the program"),
    ("git_commit", "commit of the repository it was started in, or null"),
    ("isa", "instruction set of the products"),
    ("device", "what trained the machines"),
    ("threads", "threads of the process"),
    ("host", "name of the computer, or null"),
    ("started", "when it began, UTC"),
    ("ended", "when it ended"),
    ("settings_sha256", "SHA-256 of the settings, but for `[run]`"),
    ("machines", "the rows of `timing.csv` of the machines that it trained"),
    ("failed", "why machines could not be trained, or null"),
];
