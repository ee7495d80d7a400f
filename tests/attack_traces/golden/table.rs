pub struct Row; #[derive(Default)] pub struct Table;
