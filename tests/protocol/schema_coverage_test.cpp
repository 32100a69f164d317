// Every field of every message in tasks.proto is set by some golden frame: a field without worked bytes is a field
// whose format nothing pins.
#include <tasks/protocol/frame.hpp>

#include <fstream>
#include <map>
#include <regex>
#include <set>

#include <catch2/catch.hpp>
#include <protozero/pbf_reader.hpp>

#include "vector_file.hpp"

using namespace tasks::protocol;
using namespace tasks::protocol::tests;

namespace {

struct SchemaField {
    std::string name;
    std::string type;
};
struct Schema {
    std::map<std::string, std::map<std::uint32_t, SchemaField>> messages;
    std::map<std::uint16_t, std::string> frames; ///< the message that is the payload of a frame type
};

// Reads as much of the proto3 grammar as tasks.proto uses: one field a line, messages not nested.
Schema schema() {
    std::ifstream file{std::string{TASKS_SOURCE_DIR} + "/protocol/tasks.proto"};
    REQUIRE(file);
    const std::regex frame_type{"^// Frame type (\\d+)\\."};
    const std::regex message{"^message (\\w+) \\{"};
    const std::regex field{"^  (?:optional |repeated )?(\\w+) (\\w+) = (\\d+);"};
    Schema schema;
    std::string open;
    std::uint16_t frame = 0;
    std::smatch found;
    for (std::string line; std::getline(file, line);) {
        if (std::regex_search(line, found, frame_type))
            frame = static_cast<std::uint16_t>(std::stoi(found[1]));
        else if (std::regex_search(line, found, message)) {
            open = found[1];
            schema.messages[open];
            if (frame != 0)
                schema.frames[std::exchange(frame, std::uint16_t{0})] = open;
        } else if (line.starts_with("}") || line.starts_with("enum"))
            open.clear();
        else if (!open.empty() && std::regex_search(line, found, field))
            schema.messages[open][static_cast<std::uint32_t>(std::stoul(found[3]))] = {found[2], found[1]};
    }
    return schema;
}

using Seen = std::set<std::pair<std::string, std::uint32_t>>;

void collect(const Schema& schema, const std::string& message, protozero::pbf_reader reader, Seen& seen) {
    const auto& fields = schema.messages.at(message);
    while (reader.next()) {
        seen.insert({message, reader.tag()});
        const auto field = fields.find(reader.tag());
        if (field != fields.end() && schema.messages.count(field->second.type) == 1)
            collect(schema, field->second.type, reader.get_message(), seen);
        else
            reader.skip();
    }
}

} // namespace

TEST_CASE("every field of every message is set by some golden frame") {
    const auto all = schema();
    CHECK(all.frames.size() == 11);
    CHECK(all.messages.size() == 16);
    Seen seen;
    for (const auto& file : all_vectors()) {
        FrameDecoder decoder;
        REQUIRE(decoder.feed({file.bytes.data(), file.bytes.size()}));
        const auto frame = decoder.next();
        REQUIRE(frame);
        collect(all, all.frames.at(frame->header.type), protozero::pbf_reader{frame->payload}, seen);
    }
    for (const auto& [message, fields] : all.messages)
        for (const auto& [number, field] : fields) {
            CAPTURE(message, field.name);
            CHECK(seen.count({message, number}) == 1);
        }
}

TEST_CASE("every message of the schema that is a frame has a golden frame") {
    std::set<std::uint16_t> types;
    for (const auto& file : all_vectors())
        types.insert(read_header(std::span<const char, header_bytes>{file.bytes.data(), header_bytes})->type);
    for (const auto& [type, message] : schema().frames) {
        CAPTURE(message);
        CHECK(types.count(type) == 1);
    }
}
