/**
 * The public types of a built package as text: every exported declaration without comments and bodies, and every
 * declaration of the package that those refer to, sorted by name. A changed signature changes it.
 */
import { sep } from "node:path";
import ts from "typescript";

export function apiText(entry: string, packageFolder: string): string {
  const program = ts.createProgram([entry], {
    target: ts.ScriptTarget.ES2023,
    lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts", "lib.dom.d.ts"],
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: [],
  });
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(entry);
  const module = source && checker.getSymbolAtLocation(source);
  if (!module) throw new Error(`${entry} is no module`);
  const printer = ts.createPrinter({ removeComments: true, newLine: ts.NewLineKind.LineFeed });
  const own = (symbol: ts.Symbol): readonly ts.Declaration[] =>
    (symbol.declarations ?? []).filter((d) => d.getSourceFile().fileName.startsWith(packageFolder + sep));
  const resolved = (symbol: ts.Symbol): ts.Symbol =>
    symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  const texts = new Map<ts.Symbol, string>();

  const add = (symbol: ts.Symbol, name: string, exported: boolean): void => {
    if (texts.has(symbol)) return;
    const declarations = own(symbol).map((d) => (ts.isVariableDeclaration(d) ? d.parent.parent : d));
    if (declarations.length === 0) return;
    const printed = declarations.map((d) => printer.printNode(ts.EmitHint.Unspecified, d, d.getSourceFile()));
    const text = printed.join("\n").replaceAll(/^(export )?(declare )?/gm, "");
    texts.set(symbol, `// ${exported ? "" : "not exported: "}${name}\n${text}`);
    const visit = (node: ts.Node): void => {
      if (ts.isIdentifier(node)) {
        const found = checker.getSymbolAtLocation(node);
        const target = found && resolved(found);
        // Members and parameters are part of what was printed; only what stands at the top of a file is of its own.
        const top = target?.declarations?.some((d) =>
          ts.isSourceFile((ts.isVariableDeclaration(d) ? d.parent.parent : d).parent),
        );
        if (target && top) add(target, target.name, false);
      }
      ts.forEachChild(node, visit);
    };
    for (const declaration of declarations) visit(declaration);
  };

  const exports = checker.getExportsOfModule(module);
  const names = new Map(exports.map((symbol) => [resolved(symbol), symbol.name]));
  for (const [symbol, name] of names) {
    if (own(symbol).length === 0) texts.set(symbol, `// ${name}: of another package`);
  }
  const isExported = new Set(names.keys());
  for (const [symbol, name] of names) add(symbol, name, true);
  const lines = [...texts].map(([symbol, text]) =>
    isExported.has(symbol) ? text.replace("// not exported: ", "// ") : text,
  );
  return `${lines.sort((a, b) => (a < b ? -1 : 1)).join("\n\n")}\n`;
}
