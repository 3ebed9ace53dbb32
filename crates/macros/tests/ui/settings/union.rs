use perennial::Supervisable;

#[derive(Supervisable)]
union Number {
    whole: u32,
    real: f32,
}

fn main() {}
