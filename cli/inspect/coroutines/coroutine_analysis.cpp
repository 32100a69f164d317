#include "coroutines/coroutine_analysis.hpp"

#include <algorithm>

#include "coroutines/index_field.hpp"
#include "coroutines/point_indexes.hpp"
#include "coroutines/point_lines.hpp"
#include "coroutines/token_alignment.hpp"

namespace tasks::inspect {

namespace {

void add_point(const CodePoint& from, CoroutineCompiler compiler, SuspendPoints& into) {
    const auto place = static_cast<std::uint32_t>(into.points.size());
    SuspendPoint point;
    point.number = from.number;
    point.kind = from.kind;
    into.points.push_back(std::move(point));
    if (!from.stored)
        return;
    if (compiler == CoroutineCompiler::gcc && from.kind == PointKind::initial) {
        into.by_index.emplace_back(0, place);
        into.by_index.emplace_back(1, place);
    }
    into.by_index.emplace_back(from.index, place);
    if (compiler == CoroutineCompiler::gcc)
        into.by_index.emplace_back(from.index + 1, place);
}

AlignmentRules rules_of(const CoroutineCode& code, const CodePoints& points) {
    const bool gcc = code.compiler == CoroutineCompiler::gcc;
    return {gcc && points.complete, !gcc};
}

// clang's index 0 is the first co_await where the coroutine is not suspended before its body: its store has a line of
// it.
bool starts_at_once(const CoroutineBody& body, const CodePoints& points) {
    if (points.points.empty() || points.points.front().kind != PointKind::initial)
        return false;
    const auto& stores = points.points.front().stores;
    return std::any_of(stores.begin(), stores.end(), [&](const IndexStore& store) {
        return store.certain && !store.merged && body.is_inside(body.line_at(store.address));
    });
}

void leave_out_initial(CodePoints& points) {
    points.points.front().kind = PointKind::await;
    for (CodePoint& point : points.points)
        ++point.number;
}

} // namespace

CoroutineAnalysis::CoroutineAnalysis(ElfModule& module)
    : module_(module), texts_(module.image().written_s().value_or(0)) {}

void CoroutineAnalysis::add_lines(const CoroutineBody& body, const CoroutineCode& code, const CodePoints& from,
                                  SuspendPoints& into) {
    const auto lines = point_lines(body, code.compiler, from.points);
    std::vector<std::vector<std::uint32_t>> stored;
    std::vector<std::size_t> awaits;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (from.points[i].kind != PointKind::await)
            continue;
        stored.push_back(lines[i].stored);
        awaits.push_back(i);
    }
    std::vector<std::uint32_t> sources(awaits.size());
    const std::string* text = texts_.text(body.file);
    if (const auto tokens = text == nullptr
                                ? std::nullopt
                                : source_tokens(*text, {body.name, body.declared_line, body.declared_column}))
        sources = lines_of_tokens(*tokens, stored, rules_of(code, from));
    for (std::size_t n = 0; n < awaits.size(); ++n) {
        SuspendPoint& point = into.points[awaits[n]];
        const PointLine& line = lines[awaits[n]];
        point.line = sources[n] != 0 ? sources[n] : line.chosen.line;
        if (point.line == 0)
            continue;
        point.file = body.file;
        const bool exact = line.exact && (text == nullptr || has_token_on(*text, point.line));
        point.provenance = sources[n] != 0 || exact ? Provenance::exact : Provenance::about;
    }
}

void CoroutineAnalysis::add_awaiters(const FunctionCode& code, const FrameLayout& layout, const CoroutineBody* body,
                                     const CodePoints& from, SuspendPoints& into) {
    if (!symbols_)
        symbols_ = std::make_unique<SymbolTable>(module_.image(), module_.debug_image());
    std::vector<std::uint32_t> lines;
    for (const SuspendPoint& point : into.points)
        lines.push_back(point.line);
    const auto types = awaiter_types(code, from.points, lines, {module_.dwarf(), &layout, symbols_.get(), body});
    for (std::size_t i = 0; i < types.size(); ++i) {
        into.points[i].awaiter = types[i].name;
        into.points[i].awaiter_inferred = types[i].inferred;
    }
}

SuspendPoints CoroutineAnalysis::suspend_points(const CoroutineCode& code, const FrameLayout& layout) {
    const FunctionCode instructions{module_.image(), code};
    SuspendPoints all;
    all.index = layout.index ? layout.index : index_field(instructions);
    CodePoints points = code_points(instructions, all.index);
    if (!lines_)
        lines_ = std::make_unique<CoroutineLines>(module_);
    const auto body = lines_->body_of(code);
    if (body && code.compiler == CoroutineCompiler::clang && starts_at_once(*body, points))
        leave_out_initial(points);
    for (const CodePoint& point : points.points)
        add_point(point, code.compiler, all);
    if (body)
        add_lines(*body, code, points, all);
    add_awaiters(instructions, layout, body ? &*body : nullptr, points, all);
    return all;
}

SuspendPoints suspend_points(ElfModule& module, const CoroutineCode& code, const FrameLayout& layout) {
    return CoroutineAnalysis{module}.suspend_points(code, layout);
}

std::uint32_t SuspendPoints::at(std::uint64_t index_value) const {
    const auto found = std::lower_bound(by_index.begin(), by_index.end(), index_value,
                                        [](const auto& one, std::uint64_t wanted) { return one.first < wanted; });
    return found == by_index.end() || found->first != index_value ? CoroutineFrame::no_point : found->second;
}

} // namespace tasks::inspect
