// What went wrong, as a sentence or as {"schema":1,"error":{"code","message"}}.
#include "render/clean.hpp"
#include "render/json_writer.hpp"

namespace tasks::render {

namespace {

std::string_view code(inspect::Trouble trouble) {
    switch (trouble) {
    case inspect::Trouble::finding:
        return "finding";
    case inspect::Trouble::usage:
        return "usage";
    case inspect::Trouble::not_inspectable:
        return "not_inspectable";
    case inspect::Trouble::permission:
        return "permission";
    case inspect::Trouble::no_answer:
        return "no_answer";
    case inspect::Trouble::interrupted:
        return "interrupted";
    }
    return "unknown";
}

} // namespace

void error_text(const inspect::Error& error, Sink& sink) { sink.write("tasks: " + clean(error.sentence) + "\n"); }

void error_json(const inspect::Error& error, Sink& sink) {
    JsonWriter json(sink);
    json.begin_object();
    json.key("schema").number(std::uint64_t{1});
    json.key("error").begin_object();
    json.key("code").string(code(error.trouble));
    json.key("message").string(error.sentence);
    json.end_object();
    json.end_object();
    json.finish();
}

} // namespace tasks::render
