//! Scans: by a real clamd, and by stubs of it that misbehave.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::future::join_all;
use platform::ports::scanner::{Scanner as _, Verdict};
use rstest::rstest;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use super::programs::Program;
use crate::scanner_clamd::Clamd;

const PDF: &[u8] = b"%PDF-1.7\n1 0 obj\n";
const PATTERN: &[u8] = b"SKILLBUDDY-TEST-VIRUS";
const EICAR: &[u8] = br"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*";

async fn scan(clamd: &Clamd, file: &[u8]) -> anyhow::Result<Verdict> {
    clamd.scan(&Bytes::copy_from_slice(file)).await
}

fn infected(signature: &str) -> Verdict {
    Verdict::Infected { signature: signature.to_owned() }
}

/// A PDF file of this length, with the pattern at this place.
fn pdf(length: usize, place: usize) -> Vec<u8> {
    let mut file = [PDF, &vec![b' '; length - PDF.len()]].concat();
    file[place..place + PATTERN.len()].copy_from_slice(PATTERN);
    file
}

#[tokio::test]
async fn clamd_finds_what_it_knows() {
    let directory = TempDir::new().unwrap();
    let Some(server) = Program::clamd(directory.path()).await else { return };
    let by_port = format!("tcp://127.0.0.1:{}", server.port);
    let by_name = format!("tcp://localhost:{}", server.port);
    let by_socket = format!("unix:{}", directory.path().join("clamd").display());
    for address in [by_port, by_name, by_socket] {
        let clamd = Clamd::at(&address).unwrap();
        assert_eq!(scan(&clamd, PDF).await.unwrap(), Verdict::Clean);
        assert_eq!(scan(&clamd, EICAR).await.unwrap(), infected("Eicar-Test.UNOFFICIAL"));
        let (piece, most) = (64 * 1024, 10 * 1024 * 1024);
        for (length, place) in [(1000, 100), (2 * piece, piece - 5), (most, most - PATTERN.len())] {
            let found = scan(&clamd, &pdf(length, place)).await.unwrap();
            assert_eq!(found, infected("Pattern-Test.UNOFFICIAL"), "{address} {length}");
        }
    }
}

#[tokio::test]
async fn many_files_get_their_verdicts() {
    let directory = TempDir::new().unwrap();
    let Some(server) = Program::clamd(directory.path()).await else { return };
    let clamd = Clamd::at(&format!("tcp://127.0.0.1:{}", server.port)).unwrap();
    let verdicts = join_all((0..40).map(|n| scan(&clamd, if n % 2 == 0 { PDF } else { EICAR }))).await;
    for (n, verdict) in verdicts.into_iter().enumerate() {
        assert_eq!(verdict.unwrap() == Verdict::Clean, n % 2 == 0);
    }
}

#[tokio::test]
async fn a_file_that_clamd_does_not_take_is_an_error() {
    let directory = TempDir::new().unwrap();
    let Some(server) = Program::clamd(directory.path()).await else { return };
    let clamd = Clamd::at(&format!("tcp://127.0.0.1:{}", server.port)).unwrap();
    scan(&clamd, &vec![b' '; 12 * 1024 * 1024]).await.unwrap_err();
    assert_eq!(scan(&clamd, PDF).await.unwrap(), Verdict::Clean);
}

#[tokio::test]
async fn a_clamd_that_is_down_is_an_error() {
    let directory = TempDir::new().unwrap();
    let socket = format!("unix:{}", directory.path().join("clamd").display());
    for address in ["tcp://127.0.0.1:1", &socket] {
        let error = scan(&Clamd::at(address).unwrap(), PDF).await.unwrap_err();
        assert!(format!("{error:#}").starts_with("clamd cannot be reached"), "{error:#}");
    }
}

/// A server that does this with every connection; its address.
async fn stub<F: Future<Output = ()> + Send + 'static>(
    handle: impl Fn(TcpStream) -> F + Send + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("tcp://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(handle(stream));
        }
    });
    address
}

/// The file in a request, read as clamd's manual has it.
async fn file_in(stream: &mut TcpStream) -> Vec<u8> {
    let (mut command, mut file) = ([0; 10], Vec::new());
    stream.read_exact(&mut command).await.unwrap();
    assert_eq!(&command, b"zINSTREAM\0");
    loop {
        let length = stream.read_u32().await.unwrap();
        if length == 0 {
            return file;
        }
        let mut piece = vec![0; length.try_into().unwrap()];
        stream.read_exact(&mut piece).await.unwrap();
        file.extend(piece);
    }
}

async fn answers(answer: &'static [u8]) -> Clamd {
    let address = stub(move |mut stream| async move {
        assert_eq!(file_in(&mut stream).await, PDF);
        stream.write_all(answer).await.unwrap();
    });
    Clamd::at(&address.await).unwrap()
}

#[rstest]
#[case::nothing(b"")]
#[case::half_of_it(b"stream: OK")]
#[case::another_protocol(b"HTTP/1.1 400 Bad Request\r\n\r\n")]
#[case::another_file(b"/etc/passwd: OK\0")]
#[case::no_verdict(b"stream: \0")]
#[case::another_word(b"stream: OKAY\0")]
#[case::its_error(b"INSTREAM size limit exceeded. ERROR\0")]
#[case::an_error_of_the_file(b"stream: Can't allocate memory ERROR\0")]
#[case::no_text(b"stream: \xff\xfe OK\0")]
#[tokio::test]
async fn only_a_verdict_is_a_verdict(#[case] answer: &'static [u8]) {
    scan(&answers(answer).await, PDF).await.unwrap_err();
}

#[tokio::test]
async fn a_signature_is_fit_for_a_log() {
    let long = "a".repeat(500);
    let answer = format!("stream: Win.Test\n{{x}} \u{1b}[31m{long} FOUND\0").into_bytes().leak();
    let Verdict::Infected { signature } = scan(&answers(answer).await, PDF).await.unwrap() else {
        panic!("it is infected")
    };
    assert_eq!(signature.len(), 100);
    assert!(signature.starts_with("Win.Test{x}[31maaa"), "{signature}");
}

#[tokio::test]
async fn a_clamd_that_hangs_up_is_an_error() {
    let clamd = Clamd::at(&stub(|stream| async move { drop(stream) }).await).unwrap();
    for file in [PDF.to_vec(), vec![b' '; 1024 * 1024]] {
        scan(&clamd, &file).await.unwrap_err();
    }
}

#[tokio::test]
async fn a_clamd_that_says_nothing_is_given_up() {
    let address = stub(|mut stream| async move {
        file_in(&mut stream).await;
        std::future::pending::<()>().await;
    });
    let started = Instant::now();
    let clamd = Clamd::with_limit(&address.await, Duration::from_millis(200));
    // Those that wait for a turn, too.
    for verdict in join_all((0..10).map(|_| scan(&clamd, PDF))).await {
        assert_eq!(format!("{:#}", verdict.unwrap_err()), "clamd took too long: deadline has elapsed");
    }
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn a_clamd_that_does_not_read_is_given_up() {
    let address = stub(|_stream| std::future::pending()).await;
    let clamd = Clamd::with_limit(&address, Duration::from_millis(200));
    scan(&clamd, &vec![b' '; 10 * 1024 * 1024]).await.unwrap_err();
}

#[tokio::test]
async fn an_answer_that_never_ends_is_not_read_to_its_end() {
    let address = stub(|mut stream| async move {
        file_in(&mut stream).await;
        while stream.write_all(b"stream: OK stream: OK ").await.is_ok() {}
    });
    let started = Instant::now();
    scan(&Clamd::at(&address.await).unwrap(), PDF).await.unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(2), "it is over before the time is");
}

#[tokio::test]
async fn a_few_files_are_scanned_at_once() {
    let (now, most) = <(Arc<AtomicUsize>, Arc<AtomicUsize>)>::default();
    let seen = most.clone();
    let address = stub(move |mut stream| {
        let (now, most) = (now.clone(), most.clone());
        async move {
            most.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
            file_in(&mut stream).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
            now.fetch_sub(1, SeqCst);
            stream.write_all(b"stream: OK\0").await.unwrap();
        }
    });
    let clamd = Clamd::at(&address.await).unwrap();
    for verdict in join_all((0..12).map(|_| scan(&clamd, PDF))).await {
        assert_eq!(verdict.unwrap(), Verdict::Clean);
    }
    assert_eq!(seen.load(SeqCst), 4);
}
