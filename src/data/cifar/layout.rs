//! What the published files are called and what is in them.

use std::path::Path;

/// Height and width of an image in pixels.
pub(super) const SIDE: usize = 32;
/// Pixels of one channel of an image.
pub(super) const PLANE: usize = SIDE * SIDE;

/// One of the two data sets.
pub(super) struct DataSet {
    pub name: &'static str,
    /// The labels of an image in the order of the binary layout; the last one is the label.
    pub labels: &'static [Label],
    /// Images in the published training and test split.
    pub published: [usize; 2],
    /// Where the python layout has the names of the classes.
    pub names_key: &'static str,
}

/// A kind of label.
pub(super) struct Label {
    /// For messages.
    pub what: &'static str,
    /// Where the python layout has it.
    pub key: &'static str,
    /// How many values it has.
    pub count: u8,
}

/// How the files of a layout are written, the preferred form first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Form {
    Binary,
    Python,
}

/// A data set in one of its forms.
pub(super) struct Layout {
    pub set: &'static DataSet,
    pub form: Form,
    /// The folder inside the published archive.
    pub folder: &'static str,
    pub train: &'static [&'static str],
    pub test: &'static [&'static str],
    /// The file with the names of the classes.
    pub names: &'static str,
}

static CIFAR10: DataSet = DataSet {
    name: "CIFAR-10",
    labels: &[Label {
        what: "label",
        key: "labels",
        count: 10,
    }],
    published: [50_000, 10_000],
    names_key: "label_names",
};

static CIFAR100: DataSet = DataSet {
    name: "CIFAR-100",
    labels: &[
        Label {
            what: "coarse label",
            key: "coarse_labels",
            count: 20,
        },
        Label {
            what: "fine label",
            key: "fine_labels",
            count: 100,
        },
    ],
    published: [50_000, 10_000],
    names_key: "fine_label_names",
};

/// All that are read.
pub(super) static LAYOUTS: [Layout; 4] = [
    Layout {
        set: &CIFAR10,
        form: Form::Binary,
        folder: "cifar-10-batches-bin",
        train: &[
            "data_batch_1.bin",
            "data_batch_2.bin",
            "data_batch_3.bin",
            "data_batch_4.bin",
            "data_batch_5.bin",
        ],
        test: &["test_batch.bin"],
        names: "batches.meta.txt",
    },
    Layout {
        set: &CIFAR10,
        form: Form::Python,
        folder: "cifar-10-batches-py",
        train: &[
            "data_batch_1",
            "data_batch_2",
            "data_batch_3",
            "data_batch_4",
            "data_batch_5",
        ],
        test: &["test_batch"],
        names: "batches.meta",
    },
    Layout {
        set: &CIFAR100,
        form: Form::Binary,
        folder: "cifar-100-binary",
        train: &["train.bin"],
        test: &["test.bin"],
        names: "fine_label_names.txt",
    },
    Layout {
        set: &CIFAR100,
        form: Form::Python,
        folder: "cifar-100-python",
        train: &["train"],
        test: &["test"],
        names: "meta",
    },
];

impl DataSet {
    pub fn classes(&self) -> usize {
        self.labels.last().map_or(0, |label| label.count.into())
    }
}

impl Layout {
    /// Files with images.
    fn image_files(&self) -> impl Iterator<Item = &'static str> {
        self.train.iter().chain(self.test).copied()
    }

    /// Whether `folder` has one of its files with images.
    pub fn is_in(&self, folder: &Path) -> bool {
        self.image_files().any(|file| folder.join(file).is_file())
    }

    /// Which of its files a path in an archive is: one in the published folder or in none.
    pub fn file_at(&self, parts: &[&str]) -> Option<&'static str> {
        let name = match parts {
            [name] => name,
            [folder, name] if *folder == self.folder => name,
            _ => return None,
        };
        self.image_files().chain([self.names]).find(|file| file == name)
    }
}
