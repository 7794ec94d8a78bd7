// Records a second of the `evtx` crate on one thread, for docs/performance.md. Reads a file as often as it is told, in
// each way once a round, after each once without the clock:
//
//   cargo run --release -- Security.evtx 5
//
// One line for each way and round: its name, records, seconds.
use evtx::{EvtxParser, ParserSettings};
use std::{env, hint::black_box, time::Instant};

fn parser(path: &str) -> EvtxParser<std::fs::File> {
    EvtxParser::from_path(path)
        .expect("an EVTX file")
        .with_configuration(ParserSettings::new().num_threads(1).indent(false))
}

fn json_values(path: &str) -> usize {
    parser(path).records_json_value().filter(|r| r.as_ref().is_ok_and(|r| !black_box(r).data.is_null())).count()
}

fn json_text(path: &str) -> usize {
    parser(path).records_json_bytes().filter(|r| r.as_ref().is_ok_and(|r| !black_box(r).data.is_empty())).count()
}

fn xml_text(path: &str) -> usize {
    parser(path).records_bytes().filter(|r| r.as_ref().is_ok_and(|r| !black_box(r).data.is_empty())).count()
}

// Each record's header and its template's values, without names and without any text.
fn values_only(path: &str) -> usize {
    let mut parser = parser(path);
    let mut records = 0;
    for chunk in parser.chunks() {
        let Ok(mut chunk) = chunk else { continue };
        let settings = std::sync::Arc::new(ParserSettings::new().num_threads(1).indent(false));
        let Ok(mut chunk) = chunk.parse(settings) else { continue };
        for record in chunk.iter().flatten() {
            records += usize::from(black_box(record.template_instances()).is_ok());
        }
    }
    records
}

fn main() {
    let path = env::args().nth(1).expect("a file");
    let rounds = env::args().nth(2).map_or(1, |n| n.parse().expect("a number of rounds"));
    let ways: [(&str, fn(&str) -> usize); 4] =
        [("json_values", json_values), ("json_text", json_text), ("xml_text", xml_text), ("values_only", values_only)];
    for (_, way) in ways {
        way(&path);
    }
    for _ in 0..rounds {
        for (name, way) in ways {
            let begin = Instant::now();
            let records = way(&path);
            println!("{name} {records} {:.6}", begin.elapsed().as_secs_f64());
        }
    }
}
