//! Words: where they are found, in which forms, and with how many mistakes.

use rstest::rstest;
use serde_json::json;

use super::*;

#[tokio::test]
async fn a_title_comes_before_a_description_and_that_before_a_name() {
    let market = Market::open().await;
    let gardener = market.test.provider("Gina Garden").await;
    market.service_of(gardener.id(), "Lawn care", json!({"popularity": 9.0})).await;
    market.service("Hedges", json!({"description": "For every garden in town", "popularity": 5.0})).await;
    market.service("Garden work", none()).await;
    market.service("Garden parties", json!({"popularity": 1.0})).await;
    market.service("Something else", none()).await;
    let expected = ["Garden parties", "Garden work", "Hedges", "Lawn care"];
    assert_eq!(market.search("garden", "en").await, expected);
    market.test.run_jobs().await;
    assert_eq!(market.search("garden", "en").await, expected);
    assert_eq!(walk(&market.visitor, "/services/?search=garden&page_size=1").await, expected);
}

#[tokio::test]
async fn all_words_have_to_be_found_wherever_they_stand() {
    let market = Market::open().await;
    market.service("Window cleaning", json!({"description": "Frames too"})).await;
    market.service("Window painting", none()).await;
    assert_eq!(market.search("window frames", "en").await, ["Window cleaning"]);
    assert_eq!(market.search("petra painting", "en").await, ["Window painting"]);
    assert_eq!(market.search("window dog", "en").await, [""; 0]);
}

#[rstest]
#[case("en", "Cleaning houses", &["clean", "house", "cleaned houses", "HOUSES", "clea", "hou"])]
#[case("de", "Gartenpflege für große Gärten", &["gärten", "garten", "gaerten", "GROSSE", "große", "gros", "gärt", "gartenpf"])]
#[case("it", "Pulizie di case e perché no città", &["pulizia", "casa", "perche", "citta", "città", "puli"])]
#[tokio::test]
async fn words_are_found_in_their_forms(#[case] lang: &str, #[case] title: &str, #[case] searches: &[&str]) {
    let market = Market::open().await;
    market.service(title, json!({"language": lang})).await;
    market.service("Zumba", json!({"language": lang})).await;
    for search in searches {
        assert_eq!(market.search(search, lang).await, [title], "{search}");
    }
}

#[tokio::test]
async fn a_translation_is_searched_and_shown_in_its_language() {
    let market = Market::open().await;
    let german = json!({"de": {"title": "Fensterreinigung", "description": "Streifenfrei"}});
    market.service("Window cleaning", json!({"translations": german})).await;
    market.service("Dog walking", none()).await;
    assert_eq!(market.search("fensterreinigung", "de").await, ["Fensterreinigung"]);
    assert_eq!(market.search("streifenfrei", "de").await, ["Fensterreinigung"]);
    assert_eq!(market.search("fensterreinigung", "en").await, [""; 0]);
    // Not translated: found by its own words in every language.
    for lang in ["en", "de", "it"] {
        assert_eq!(market.search("dog", lang).await, ["Dog walking"], "{lang}");
    }
}

#[rstest]
#[case("clening", true)]
#[case("cleaninng", true)]
#[case("claening", true)]
#[case("kleaning", true)]
#[case("claenin", true)]
#[case("kleanink", false)]
#[case("photgraphr", true)]
#[case("photgrphr", false)]
#[case("yoag", false)]
#[tokio::test]
async fn one_typo_is_forgiven_from_five_letters_and_two_from_nine(#[case] search: &str, #[case] found: bool) {
    let market = Market::open().await;
    for title in ["Cleaning", "Photographer", "Yoga"] {
        market.service(title, none()).await;
    }
    market.learn().await;
    assert_eq!(!market.search(search, "en").await.is_empty(), found);
}

#[tokio::test]
async fn typos_in_accents_and_several_words_are_forgiven_together() {
    let market = Market::open().await;
    market.service("Großer Gartenzaun streichen", json!({"language": "de"})).await;
    market.learn().await;
    let expected = ["Großer Gartenzaun streichen"];
    assert_eq!(market.search("grosser gartnezaun", "de").await, expected);
    assert_eq!(market.search("strechen gartenzauhn", "de").await, expected);
}

#[tokio::test]
async fn a_word_that_exists_is_not_guessed_at() {
    let market = Market::open().await;
    market.service("Tanks", none()).await;
    market.service("Banks", none()).await;
    market.learn().await;
    assert_eq!(market.search("banks", "en").await, ["Banks"]);
}

#[tokio::test]
async fn words_of_a_new_service_are_guessed_at_a_minute_later() {
    let market = Market::open().await;
    market.service("Cleaning", none()).await;
    market.learn().await;
    assert_eq!(market.search("upholstrey", "en").await, [""; 0]);
    market.service("Upholstery", none()).await;
    assert_eq!(market.search("upholstery", "en").await, ["Upholstery"]);
    market.learn().await;
    assert_eq!(market.search("upholstrey", "en").await, ["Upholstery"]);
}

#[tokio::test]
async fn words_that_say_nothing_do_not_hide_the_others() {
    let market = Market::open().await;
    market.service("The art of gardening", none()).await;
    market.service("Dogs", none()).await;
    assert_eq!(market.search("the gardening of the", "en").await, ["The art of gardening"]);
    assert_eq!(market.search("the", "en").await, ["The art of gardening"]);
}

#[rstest]
#[case("'")]
#[case("\\' | '' & ! ( ) :* <->")]
#[case("a'b\\c:*")]
#[case("<script>alert(1)</script>")]
#[case("https://example.com/a-b?c=d")]
#[case("🦀 ß İ ﷺ")]
#[case("!!!")]
#[case("%")]
#[case("a b c d e f g h i j k l m n o p q r s t u v w x y z")]
#[tokio::test]
async fn no_search_breaks_the_statement(#[case] search: &str) {
    let market = Market::open().await;
    market.service("Dogs", none()).await;
    assert_eq!(market.search(search, "en").await, [""; 0]);
    for path in ["suggest/?q", "?ordering=price&search", "nearby/?lat=1&lng=1&search"] {
        market.visitor.get(&format!("/services/{path}={}", encoded(search))).await.expect(200);
    }
}

#[tokio::test]
async fn a_search_combines_with_every_filter_and_order() {
    let market = Market::open().await;
    let other = catalog::testing::category(&market.test.app, "other").await;
    market.service("Cleaning cheap", json!({"price_minor": 1000})).await;
    market.service("Cleaning dear", json!({"price_minor": 9000, "rating_sum": 5, "rating_count": 1})).await;
    market.service("Cleaning there", json!({"category_id": other, "price_minor": 5000})).await;
    market.service("Cleaning Rome", json!({"latitude": 41.9, "longitude": 12.5, "price_minor": 6000})).await;
    let cases = [
        ("ordering=price", vec!["Cleaning cheap", "Cleaning there", "Cleaning Rome", "Cleaning dear"]),
        ("ordering=-price&max_price=70", vec!["Cleaning Rome", "Cleaning there", "Cleaning cheap"]),
        ("category=other", vec!["Cleaning there"]),
        ("category=home&min_price=50&ordering=price", vec!["Cleaning Rome", "Cleaning dear"]),
        ("min_rating=4", vec!["Cleaning dear"]),
        ("lat=41.8&lng=12.4&radius_km=50", vec!["Cleaning Rome"]),
        ("lat=41.8&lng=12.4&ordering=distance&page_size=1", vec!["Cleaning Rome"]),
    ];
    for (query, expected) in cases {
        assert_eq!(market.titles(&format!("/services/?search=cleaning&{query}")).await, expected, "{query}");
    }
    let ids =
        market.visitor.get("/services/?search=dear").await["results"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(market.titles(&format!("/services/?search=cleaning&ids={ids}")).await, ["Cleaning dear"]);
    let provider = market.provider.id();
    assert_eq!(
        market.titles(&format!("/services/?search=rome&provider={provider}")).await,
        ["Cleaning Rome"]
    );
}
