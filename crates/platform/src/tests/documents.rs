//! What is added to the OpenAPI document of every path.

use super::*;

#[test]
fn the_document_says_what_every_operation_can_answer() {
    let document: Value = crate::openapi::complete(
        json!({"components": {}, "paths": {"/things/{id}/": {"post": {
            "security": [{"bearer": []}], "requestBody": {"content": {"application/json": {}}}, "responses": {"201": {"description": "x"}}
        }}}}),
    );
    let responses = document["paths"]["/things/{id}/"]["post"]["responses"].as_object().unwrap();
    let statuses: Vec<&str> = responses.keys().map(String::as_str).collect();
    assert_eq!(statuses, ["201", "400", "401", "404", "409", "413", "414", "415", "422", "429", "503"]);
}

#[test]
fn fields_of_answers_are_required_and_those_of_requests_as_declared() {
    let thing = json!({"properties": {"name": {}, "note": {}}, "required": ["name"]});
    let document = crate::openapi::complete(json!({
        "components": {"schemas": {
            "Draft": {"properties": {"part": {"$ref": "#/components/schemas/Part"}}},
            "Part": thing,
            "Thing": thing,
            "Detail": {"allOf": [{"$ref": "#/components/schemas/Thing"}, thing]},
        }},
        "paths": {"/things/": {"post": {
            "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Draft"}}}},
            "responses": {"201": {"description": "x"}},
        }}},
    }));
    let schemas = &document["components"]["schemas"];
    assert_eq!(schemas["Thing"]["required"], json!(["name", "note"]));
    assert_eq!(schemas["Detail"]["allOf"][1]["required"], json!(["name", "note"]));
    assert_eq!(schemas["Part"]["required"], json!(["name"]));
    assert_eq!(schemas["Draft"].get("required"), None);
}

#[test]
fn what_may_be_left_out_of_a_body_may_be_null() {
    let document = crate::openapi::complete(json!({
        "components": {"schemas": {
            "Draft": {
                "properties": {
                    "name": {"type": "string"},
                    "note": {"type": "string"},
                    "part": {"$ref": "#/components/schemas/Part"},
                },
                "required": ["name"],
            },
            "Part": {"type": "object", "properties": {"count": {"type": ["integer", "null"]}}},
            "Patch": {"type": "object", "properties": {"note": {"type": "string"}}},
        }},
        "paths": {"/things/": {
            "put": {"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Draft"}}}},
                "responses": {"200": {"description": "x"}}},
            "patch": {"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Patch"}}}},
                "responses": {"200": {"description": "x"}}},
        }},
    }));
    let schemas = &document["components"]["schemas"];
    assert_eq!(schemas["Draft"]["properties"]["name"]["type"], "string");
    assert_eq!(schemas["Draft"]["properties"]["note"]["type"], json!(["string", "null"]));
    let part = json!([{"$ref": "#/components/schemas/Part"}, {"type": "null"}]);
    assert_eq!(schemas["Draft"]["properties"]["part"]["oneOf"], part);
    assert_eq!(schemas["Part"]["properties"]["count"]["type"], json!(["integer", "null"]));
    assert_eq!(schemas["Patch"]["properties"]["note"]["type"], "string");
}
