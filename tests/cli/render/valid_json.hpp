// Whether a text is one JSON value in valid UTF-8. Not rapidjson's Document, which clang 19 does not compile.
// Pure function.
#pragma once

#include <string>

#include <rapidjson/reader.h>

namespace tasks::render {

inline bool valid_json(const std::string& text) {
    rapidjson::Reader reader;
    rapidjson::StringStream stream(text.c_str());
    rapidjson::BaseReaderHandler<> nobody;
    return !reader.Parse<rapidjson::kParseValidateEncodingFlag>(stream, nobody).IsError();
}

} // namespace tasks::render
