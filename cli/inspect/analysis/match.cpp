#include "analysis/match.hpp"

#include <array>

namespace tasks::inspect {

namespace {

constexpr int flags = REG_EXTENDED | REG_NOSUB;

bool matches_place(const Match& match, const std::optional<CreatedBy>& place) {
    return place && (match.text(place->function) || match.text(place->file));
}

} // namespace

void Match::Free::operator()(regex_t* compiled) const {
    regfree(compiled);
    delete compiled;
}

Match::Match(const std::string& pattern) {
    auto compiled = std::make_unique<regex_t>();
    if (regcomp(compiled.get(), pattern.c_str(), flags) == 0) {
        compiled_.reset(compiled.release());
    }
}

bool Match::text(const std::string& text) const {
    return compiled_ != nullptr && !text.empty() && regexec(compiled_.get(), text.c_str(), 0, nullptr, 0) == 0;
}

bool Match::shape(const GroupShape& shape) const {
    if (text(shape.wait_name) || matches_place(*this, shape.created_by) || matches_place(*this, shape.waits_at)) {
        return true;
    }
    for (const auto& frame : shape.frames) {
        if (text(frame.function) || text(frame.file)) {
            return true;
        }
    }
    return false;
}

bool TaskMatch::task(std::uint32_t slot) {
    const auto task = list_.at(slot);
    return name(slot, task.scopes) || label(task.label);
}

bool TaskMatch::name(std::uint32_t slot, std::uint32_t scopes) {
    if (scopes == 0) {
        return match_.text(list_.name(slot));
    }
    const auto [known, added] = by_scopes_.try_emplace(scopes, false);
    if (added) {
        known->second = match_.text(list_.name(slot));
    }
    return known->second;
}

bool TaskMatch::label(std::uint32_t index) {
    const auto* label = label_at(list_.snapshot(), index);
    if (label == nullptr) {
        return false;
    }
    const auto [known, added] = by_label_.try_emplace(index, false);
    if (added) {
        known->second = match_.text(label->key + "=" + label->text);
    }
    return known->second;
}

std::optional<std::string> pattern_problem(const std::string& pattern) {
    regex_t compiled{};
    const int error = regcomp(&compiled, pattern.c_str(), flags);
    if (error == 0) {
        regfree(&compiled);
        return std::nullopt;
    }
    std::array<char, 256> words{};
    regerror(error, &compiled, words.data(), words.size());
    return std::string(words.data());
}

} // namespace tasks::inspect
