/** The report as tables. */

export function printReport({ data, machine, cluster, pushed, memory, disk, steps, sizes }) {
  const { name, count, dim, real, late, noise } = data;
  const of = (n) => n.toLocaleString("en-US");
  const tiled = count > real ? `, ${of(count - real)} of them tiled with noise of length ${noise}` : "";
  console.log(`${of(count)} x ${dim}, ${name}${tiled}; ${of(late)} more while a node was down`);
  console.log(
    `${cluster.nodes} nodes with ${cluster.memory} each, ${cluster.shards} shards, ${cluster.replicas} replicas, ${cluster.quantizer}; ` +
      `${machine.cpu}, ${machine.cores} cores shared by all, Node ${machine.node}`,
  );
  const gib = memory.map((bytes) => (bytes === null ? "?" : (bytes / 2 ** 30).toFixed(2))).join(", ");
  console.log(
    `pushed at ${of(Math.round(pushed.stored / pushed.seconds))} vectors/s (${of(Math.round(pushed.seconds))} s, ${pushed.retries} retries); ` +
      `resident memory ${gib} GiB; ${of(Math.round(disk / (count + late)))} bytes a vector on disk, over all replicas\n`,
  );
  console.log("| | points | lost | strange | recall@10 | median, p99 ms | queries/s, 8 at once | failed |");
  console.log("|---|--:|--:|--:|--:|--:|--:|--:|");
  for (const { step, points, lost, strange, one, many } of steps)
    console.log(
      `| ${step} | ${of(points)} | ${lost} | ${strange} | ${one.recall.toFixed(4)} | ${one.medianMs.toFixed(1)}, ${one.p99Ms.toFixed(1)} | ` +
        `${Math.round(many.perSecond)} | ${failed(one) + failed(many)} |`,
    );
  const [, down, back] = steps;
  console.log(
    `\nRight after the kill: recall@10 ${down.first.recall.toFixed(4)}, ${failed(down.first)} of ${data.queries} searches failed, slowest of 100 ${down.first.p99Ms.toFixed(0)} ms; ` +
      `${of(down.pushed.stored)} of ${of(late)} rows pushed without the node.`,
  );
  const { returned, backAfter } = back;
  console.log(
    `The node answered again after ${backAfter.toFixed(1)} s. It listed ${of(count + late - returned.missedAtFirst)} of ${of(count + late)} rows at first, ` +
      `${returned.convergedAfter === null ? `${of(count + late - returned.missedAtLast)} in the end` : `all of them ${returned.convergedAfter.toFixed(0)} s later`}; recall@10 by it ${returned.recall.toFixed(4)}.\n`,
  );
  if (sizes.length === 0) return;
  console.log(
    `| ${of(sizes[0].rows)} rows, one replica | code, bytes | on disk, bytes a vector | recall@10 | vectors/s pushed |`,
  );
  console.log("|---|--:|--:|--:|--:|");
  for (const { label, stride, disk: each, searched, perSecond } of sizes)
    console.log(
      `| ${label} | ${stride} | ${of(Math.round(each))} | ${searched?.recall.toFixed(4) ?? ""} | ${of(Math.round(perSecond))} |`,
    );
}

function failed({ failures }) {
  return Object.values(failures).reduce((sum, n) => sum + n, 0);
}
